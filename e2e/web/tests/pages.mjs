// Every page, found by walking the links and held against the list of routes: axe, width, shifts, bytes and requests.
import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { url } from '../lib/browser.mjs';
import { assert } from '../lib/check.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** Bytes as they travel, and requests of a first view: UI budgets. */
const BUDGET = { document: 30_000, stylesheet: 25_000, script: 40_000, image: 6_000, requests: 4 };
const MODES = [[1440, false], [1440, true], [390, false], [390, true]];
/** How many pages of one kind are looked at. */
const EACH = 2;
/** What is no page: files, streams, parts of pages, the API. */
const NO_PAGE = /^\/(assets|api|healthz|readyz)|\/(events|export|head|entry|proof|download|search|hits|live|now)(\/|$)|\.(json|jsonl|csv|txt|yaml|zip)$|\/ledger\/(export|head)/;

/** An address with its ids, numbers and queries left out: pages of one kind. */
const kind = path => {
  const { pathname, searchParams } = new URL(path, 'http://x');
  const parts = pathname.split('/').map((part, at, all) => {
    if (all[at - 1] === 't') return '{tenant}';
    if (/^[a-z]-[a-z0-9]{8}$/.test(part)) return '{id}';
    if (/^[0-9a-f-]{36}$/.test(part) || /^\d+$/.test(part)) return '{id}';
    if (all[at - 1] === 'steps') return '{step}';
    if (all[at - 1] === 'errors') return '{code}';
    return part;
  });
  const query = ['tab', 'by', 'kind', 'state'].filter(name => searchParams.has(name)).map(name => `${name}=${searchParams.get(name)}`);
  return parts.join('/') + (query.length ? `?${query.join('&')}` : '');
};

/** The walk: from Today along every link to a page, so many of each kind. */
async function walk(page, start) {
  const seen = new Map(), queue = [...start], pages = [];
  while (queue.length > 0) {
    const path = queue.shift(), own = kind(path);
    const of = seen.get(own) ?? new Set();
    if (NO_PAGE.test(new URL(path, 'http://x').pathname) || of.has(path) || of.size >= EACH) continue;
    seen.set(own, of.add(path));
    const answer = await page.goto(url(path), { waitUntil: 'domcontentloaded' }).catch(error => ({ status: () => 0, headers: () => ({}), error }));
    if (!/text\/html/.test(answer.headers()['content-type'] ?? '')) continue;
    pages.push({ path, kind: own, status: answer.status() });
    const links = await page.locator('a[href^="/"]').evaluateAll(all => all.filter(a => !a.hasAttribute('download')).map(a => a.getAttribute('href')));
    queue.push(...links.map(link => link.split('#')[0]));
  }
  return pages;
}

/** The GET routes that the app's sources name. */
async function routes(folder) {
  const found = new Set();
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.name.endsWith('.rs') || /tests/.test(`${entry.parentPath}/${entry.name}`)) continue;
    const source = await readFile(`${entry.parentPath}/${entry.name}`, 'utf8');
    for (const [, path] of source.matchAll(/\.get\(\s*"(\/[^"]*)",\s*(?:Needs|admin|asks|\w+),/g)) found.add(path);
  }
  return [...found].filter(path => !NO_PAGE.test(path));
}

const fits = (route, path) => new RegExp(`^${route.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(new URL(path, 'http://x').pathname);

async function look(page, path) {
  await page.goto(url(path), { waitUntil: 'load' });
  await page.waitForTimeout(150);
  // As tall as the page: what stands above a bar that stays in view is not hidden by it for good.
  const { width, height } = page.viewportSize();
  const tall = await page.evaluate(() => document.documentElement.scrollHeight);
  if (tall > height) await page.setViewportSize({ width, height: tall });
  await page.evaluate(axe);
  const seen = await page.evaluate(async rules => {
    const { violations } = await window.axe.run(document, { runOnly: rules });
    const wide = document.documentElement.scrollWidth - innerWidth;
    const over = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll, .hush, [popover]'));
    return {
      wide, over: over.slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join(' | '),
      violations: violations.map(one => `${one.id} (${one.nodes.length}): ${one.nodes.slice(0, 2).map(node => `${node.html.slice(0, 140)} — ${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ''}`).join(' | ')}`),
    };
  }, RULES);
  await page.setViewportSize({ width, height });
  return seen;
}

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

/** Every page there is, walked once. */
async function pages(t) {
  if (t.pages) return t.pages;
  const page = await t.page('/today');
  const main = ['/today', '/requests/new', '/t/contoso/requests/new?kind=onboard', '/t/contoso/requests/new?kind=action', '/tenants/connect', '/docs/api', '/docs/errors', '/settings', '/find?q=nora', '/t/contoso/today'];
  const plans = (await t.tenure('plan', 'list')).map(plan => `/t/${plan.tenant}/plans/${plan.id}`);
  t.pages = await walk(page, [...main, ...plans.slice(0, 4), ...plans.slice(0, 1).map(path => `${path}/approve`), ...(t.run ? [t.run.path, `${t.run.path}/certificate`] : [])]);
  await page.context().close();
  return t.pages;
}

/** One page of each kind. */
const kinds = all => all.filter((one, at) => all.findIndex(other => other.kind === one.kind) === at);

export const tests = [
  {
    name: 'every link of every page leads somewhere, and every route is walked',
    short: true,
    async run(t) {
      await pages(t);
      const dead = t.pages.filter(one => one.status >= 400);
      const unseen = (await routes(new URL('../../../crates/app/src/web', import.meta.url).pathname)).filter(route => !t.pages.some(one => fits(route, one.path)) && !/\{token\}|^\/sign-in/.test(route));
      t.say(`${t.pages.length} pages of ${new Set(t.pages.map(one => one.kind)).size} kinds; routes without a link to them: ${unseen.join(' ') || 'none'}`);
      assert.deepEqual(dead.map(one => `${one.status} ${one.path}`), [], 'dead links');
    },
  },
  {
    name: 'axe finds nothing, and nothing is wider than the window',
    short: true,
    async run(t) {
      const wrong = [];
      let looked = 0;
      for (const [width, dark] of t.short ? [MODES[0], MODES[3]] : MODES) {
        const device = await t.browser.device({ width, dark, state: t.admin });
        const page = await device.newPage();
        const own = t.short ? kinds(await pages(t)) : await pages(t);
        const bare = await t.browser.device({ width, dark });
        const strange = await bare.newPage();
        const all = [...own.map(one => [page, one.path]), [strange, '/sign-in'], [page, '/nowhere'], [strange, '/set-up/none']];
        for (const [at, path] of all) {
          looked += 1;
          const seen = await look(at, path).catch(error => ({ wide: 0, violations: [error.message.split('\n')[0]] }));
          const mode = `${width}${dark ? ' dark' : ' light'}`;
          for (const violation of seen.violations) wrong.push(`${path} ${mode}: ${violation}`);
          if (seen.wide > 0) wrong.push(`${path} ${mode}: ${seen.wide} px wider than the window: ${seen.over}`);
        }
        await device.close();
        await bare.close();
      }
      t.say(`${looked} looks, ${wrong.length} faults`);
      assert.equal(wrong.length, 0, `\n  ${wrong.join('\n  ')}`);
    },
  },
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
