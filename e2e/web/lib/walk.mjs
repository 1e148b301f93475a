// The walk: every page there is, found by its links and held against the list of routes, and looked at with axe.
import { readFile, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { url } from './browser.mjs';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
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
export async function walk(page, start) {
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
export async function routes(folder) {
  const found = new Set();
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.name.endsWith('.rs') || /tests/.test(`${entry.parentPath}/${entry.name}`)) continue;
    const source = await readFile(`${entry.parentPath}/${entry.name}`, 'utf8');
    for (const [, path] of source.matchAll(/\.get\(\s*"(\/[^"]*)",\s*(?:Needs|admin|asks|\w+),/g)) found.add(path);
  }
  return [...found].filter(path => !NO_PAGE.test(path));
}

export const fits = (route, path) => new RegExp(`^${route.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(new URL(path, 'http://x').pathname);

/** What is wider than the window; nothing when all of it fits. */
export const tooWide = page => page.evaluate(() => {
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide <= 0) return '';
  const over = [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll, .hush, [popover]'));
  return `${wide} px wider than the window: ${over.slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join(' | ')}`;
});

/** Waits until the parts that are read from a tenant stand there. */
export const settled = page => page.waitForFunction(() => !document.querySelector('[hx-trigger=load] .reading, .reading'), null, { timeout: 8_000 }).catch(() => {});

/** Where the picture of a page in a mode goes. */
export const pictureOf = (t, name, mode) => t.short ? '' : `${t.shots}/pages/${name.replace(/[^\w=]+/g, '-').replace(/^-|-$/g, '') || 'root'}.${mode}.png`;

/** The faults of a page as it stands: what axe says, and what is wider than the window. `picture`: where to keep how it looks. */
export async function look(page, path, picture = '') {
  await page.goto(url(path), { waitUntil: 'load' });
  await settled(page);
  await page.waitForTimeout(100);
  // As tall as the page: what stands above a bar that stays in view is not hidden by it for good.
  const { width, height } = page.viewportSize();
  const tall = await page.evaluate(() => document.documentElement.scrollHeight);
  if (tall > height) await page.setViewportSize({ width, height: tall });
  await page.evaluate(axe);
  const seen = await page.evaluate(async rules => {
    const { violations } = await window.axe.run(document, { runOnly: rules });
    return violations.map(one => `${one.id} (${one.nodes.length}): ${one.nodes.slice(0, 2).map(node => `${node.html.slice(0, 140)} — ${(node.any[0] ?? node.all[0] ?? node.none[0])?.message ?? ''}`).join(' | ')}`);
  }, RULES);
  const wide = await tooWide(page);
  if (wide) seen.push(wide);
  if (picture) await page.screenshot({ path: picture });
  await page.setViewportSize({ width, height });
  return seen;
}

/** Every page there is, walked once. */
export async function pages(t) {
  if (t.pages) return t.pages;
  const page = await t.page('/today');
  const main = ['/today', '/requests/new', '/t/contoso/requests/new?kind=onboard', '/t/contoso/requests/new?kind=action', '/tenants/connect', '/docs/api', '/docs/errors', '/settings', '/find?q=nora', '/t/contoso/today'];
  const plans = (await t.tenure('plan', 'list')).map(plan => `/t/${plan.tenant}/plans/${plan.id}`);
  t.pages = await walk(page, [...main, ...plans.slice(0, 4), ...plans.slice(0, 1).map(path => `${path}/approve`), ...(t.run ? [t.run.path, `${t.run.path}/certificate`] : [])]);
  await page.context().close();
  return t.pages;
}

/** One page of each kind. */
export const kinds = all => all.filter((one, at) => all.findIndex(other => other.kind === one.kind) === at);

