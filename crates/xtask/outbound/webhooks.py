"""Standard Webhooks' own library judges our signature, and signs one for us to judge."""

import datetime
import json
import sys

from standardwebhooks import Webhook, WebhookVerificationError

given = json.loads(sys.stdin.read())
library = Webhook(given["secret"])
headers = {name: given[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
library.verify(given["body"], headers)
try:
    library.verify(given["body"] + " ", headers)
    sys.exit("the library believed a changed body, so its yes means nothing")
except WebhookVerificationError:
    pass
at = datetime.datetime.fromtimestamp(int(given["webhook-timestamp"]), datetime.timezone.utc)
print(library.sign(given["webhook-id"], at, given["body"]))
