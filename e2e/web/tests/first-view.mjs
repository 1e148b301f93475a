// What a first view of each page costs, and that nothing on it moves.
import { url } from '../lib/browser.mjs';
import { assert } from '../lib/check.mjs';
import { kinds, pages } from '../lib/walk.mjs';

/** Bytes as they travel, and requests of a first view: UI budgets. */
const BUDGET = { document: 30_000, stylesheet: 25_000, script: 40_000, image: 6_000, requests: 4 };

/** A first view with nothing kept: what travelled. */
async function measure(t, path) {
  const device = await t.browser.device({ state: t.admin });
  const page = await device.newPage();
  const sums = { document: 0, stylesheet: 0, script: 0, image: 0, other: 0, requests: 0 };
  const sizes = [];
  page.on('requestfinished', request => {
    // What a page asks for once it stands (live reads, streams) is no part of the first view; a redirect counts once with its end.
    if (request.url().startsWith('data:') || /fetch|xhr|eventsource/.test(request.resourceType())) return;
    sums.requests += request.redirectedFrom() ? 0 : 1;
    sizes.push(request.sizes().then(size => { sums[request.resourceType() in sums ? request.resourceType() : 'other'] += size.responseBodySize; }, () => {}));
  });
  await page.addInitScript(() => {
    window.shifted = 0;
    window.movers = [];
    const seen = entry => {
      if (entry.hadRecentInput) return;
      window.shifted += entry.value;
      window.movers.push(...entry.sources.map(source => source.node?.outerHTML?.slice(0, 90) ?? ''));
    };
    new PerformanceObserver(list => list.getEntries().forEach(seen)).observe({ type: 'layout-shift', buffered: true });
  });
  await page.goto(url(path), { waitUntil: 'load' });
  await page.waitForTimeout(250);
  await Promise.all(sizes);
  const [shifted, movers] = await page.evaluate(() => [Math.round(window.shifted * 1000) / 1000, window.movers.slice(0, 3).join(' | ')]);
  await device.close();
  return { ...sums, shifted, movers };
}

export const tests = [
  {
    name: 'a first view stays within its bytes and its requests',
    short: true,
    async run(t) {
      const wrong = [];
      t.moved = [];
      const kb = bytes => (bytes / 1000).toFixed(1).padStart(6);
      t.say('   HTML    CSS     JS  icons  requests  shift   page (kB as they travel)');
      for (const { path, kind: name } of kinds(await pages(t))) {
        const seen = await measure(t, path);
        t.say(`${kb(seen.document)} ${kb(seen.stylesheet)} ${kb(seen.script)} ${kb(seen.image + seen.other)} ${String(seen.requests).padStart(9)} ${String(seen.shifted).padStart(6)}   ${name}`);
        for (const [what, most] of Object.entries(BUDGET)) if (seen[what] > most) wrong.push(`${name}: ${what} ${seen[what]} over ${most}`);
        if (seen.shifted > 0) t.moved.push(`${name}: by ${seen.shifted}: ${seen.movers}`);
      }
      assert.deepEqual(wrong, []);
    },
  },
  {
    // In the full form alone: /seats and columns that wait for their rail still move once on a busy machine.
    name: 'nothing moves while a page loads',
    async run(t) {
      assert.deepEqual(t.moved, []);
    },
  },
];
