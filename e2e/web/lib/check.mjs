// Assertions that say what was seen.
import assert from 'node:assert/strict';

export { assert };

/** Waits until the test holds and gives what it gave; the last thing seen stands in the error. */
export async function eventually(what, test, seconds = 20) {
  const until = Date.now() + seconds * 1000;
  let seen;
  do {
    seen = await test();
    if (seen) return seen;
    await new Promise(done => setTimeout(done, 150));
  } while (Date.now() < until);
  throw new Error(`${what}: not within ${seconds} s`);
}

/** The text of an element, with single spaces. */
export const text = async locator => (await locator.innerText()).replace(/\s+/g, ' ').trim();

/** That a text is on the page. */
export async function says(page, wanted) {
  const whole = (await text(page.locator('body'))).toLowerCase();
  const found = wanted instanceof RegExp ? wanted.test(whole) : whole.includes(wanted.toLowerCase());
  assert.ok(found, `${page.url()} does not say ${wanted}; it says: ${whole.slice(0, 600)}`);
}
