// The line between a browser and the app, which a test can cut.
import { connect, createServer } from 'node:net';

/** A line to the app at `address`: where it is reached, and how it is cut, mended and taken down. */
export async function line(address) {
  const { hostname, port } = new URL(address), open = new Set();
  let whole = true;
  const server = createServer(near => {
    if (!whole) return near.destroy();
    const far = connect(port, hostname);
    for (const end of [near, far]) {
      open.add(end);
      end.on('close', () => open.delete(end)).on('error', () => { near.destroy(); far.destroy(); });
    }
    return near.pipe(far).pipe(near);
  });
  await new Promise(done => server.listen(0, '127.0.0.1', done));
  const cut = () => {
    whole = false;
    for (const end of open) end.destroy();
  };
  return {
    url: path => `http://127.0.0.1:${server.address().port}${path}`,
    cut,
    mend: () => { whole = true; },
    close: () => { cut(); server.close(); },
  };
}
