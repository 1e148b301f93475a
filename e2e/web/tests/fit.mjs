// Where it becomes tight: narrow windows, zoom, longer words, long names; and where colours or the screen are taken away.
import { url } from '../lib/browser.mjs';
import { assert } from '../lib/check.mjs';
import { kinds, pages, pictureOf, settled, tooWide } from '../lib/walk.mjs';

/** A telephone of the smallest kind, 200 % on a wide screen, and where the columns change. */
const WIDTHS = [320, 720, 768, 1024, 1180];
const LONG = 'Maximiliane-Charlotte Wolfeschlegelsteinhausenbergerdorff-Muller';

/** Makes every word of the page's own text about a third longer, as German is. */
const lengthen = page => page.evaluate(name => {
  const more = 'ungskeitenschaft', walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), texts = [];
  while (walker.nextNode()) texts.push(walker.currentNode);
  for (const text of texts) {
    if (text.parentElement.closest('code, pre, textarea, time, bdi, script, style, svg, kbd, .mono, .code, .digest, .tag, .av')) continue;
    const longer = part => part.replace(/\p{L}{3,}/gu, word => word + more.slice(0, Math.ceil(word.length * 0.35)));
    text.data = text.data.split(name).map(longer).join(name);
  }
}, LONG);

/** Gives everybody on the page a name of 64 characters. */
const rename = (page, name) => page.evaluate(([from, to]) => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) walker.currentNode.data = walker.currentNode.data.replace(from, to);
}, [/\b(Nora Lindqvist|Tomas Novak|Elin Sato|Hugo Falk|Ines Costa|Yusuf Demir|Amira Haddad|Liam Byrne|Ada Admin|Person \d+)\b/g, name]);

/** Words that run out of the thing they label. */
const cut = page => page.evaluate(() => [...document.querySelectorAll('.btn, .tab, .chip, .tabbar a, .tabs a, .seg a, th, td, dd, .st')]
  .filter(e => e.offsetParent && !e.closest('.scroll, .hush, [popover]') && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 && getComputedStyle(e).display !== 'inline' && getComputedStyle(e).textOverflow !== 'ellipsis')
  .slice(0, 3).map(e => `runs out of its ${e.className || e.tagName}: “${e.textContent.trim().replace(/\s+/g, ' ').slice(0, 60)}” ${e.scrollWidth} in ${e.clientWidth}`));

async function everywhere(t, device, each) {
  const context = await t.device({ ...device, state: t.admin });
  const page = await context.newPage();
  const wrong = [];
  for (const { path, kind } of kinds(await pages(t))) {
    await page.goto(url(path), { waitUntil: 'load' });
    await settled(page);
    wrong.push(...(await each(page, kind)).filter(Boolean).map(fault => `${kind}: ${fault}`));
  }
  assert.equal(wrong.length, 0, `\n  ${wrong.join('\n  ')}`);
}

/** The page in each width, with what is asked of it there. */
async function inWidths(page, widths, ask) {
  const wrong = [];
  for (const width of widths) {
    await page.setViewportSize({ width, height: 844 });
    for (const fault of await ask(page)) if (fault) wrong.push(`${width} px: ${fault}`);
  }
  return wrong;
}

/** Colours of ink and paper in print, on a device that is dark. */
const inked = page => page.evaluate(() => {
  const light = color => {
    const canvas = new OffscreenCanvas(1, 1).getContext('2d');
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return { value: (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255, seen: a > 8 };
  };
  const wrong = [], paper = light(getComputedStyle(document.body).backgroundColor);
  if (!paper.seen || paper.value < 0.99) wrong.push('the paper is not white');
  for (const e of document.querySelectorAll('main *')) {
    if (!e.offsetParent || e.closest('.hush, svg')) continue;
    const style = getComputedStyle(e), own = [...e.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    const ground = light(style.backgroundColor);
    if (ground.seen && ground.value < 0.85) wrong.push(`a dark ground under ${e.className || e.tagName}`);
    if (own && light(style.color).value > 0.5) wrong.push(`pale ink: “${e.textContent.trim().slice(0, 40)}” in ${e.className || e.tagName}`);
  }
  for (const e of document.querySelectorAll('.side, .top, .tabbar, .bar, .tabs, .btn')) if (e.offsetParent) wrong.push(`${e.className} is printed`);
  return [...new Set(wrong)].slice(0, 4);
});

const printed = async page => (await page.pdf({ preferCSSPageSize: true })).toString('latin1').match(/\/Type\s*\/Page\b/g).length;

export const tests = [
  {
    name: 'nothing is wider than a small telephone, and nothing at 200 %',
    async run(t) {
      await everywhere(t, { width: 320 }, page => inWidths(page, WIDTHS, async () => [await tooWide(page)]));
    },
  },
  {
    name: 'longer words and a name of 64 letters have their room',
    async run(t) {
      assert.equal(LONG.length, 64, 'the name is as long as it says');
      await everywhere(t, { width: 390 }, async (page, kind) => {
        await rename(page, LONG);
        await lengthen(page);
        const wrong = await inWidths(page, [320, 390, 1440], async () => [await tooWide(page), ...await cut(page)]);
        await page.screenshot({ path: pictureOf(t, kind, '1440-long'), fullPage: true });
        return wrong;
      });
    },
  },
  {
    name: 'shapes, bars and the bar to sign with are there in forced colours',
    async run(t) {
      await everywhere(t, { forcedColors: 'active' }, async (page, kind) => {
        await page.screenshot({ path: pictureOf(t, kind, '1440-forced'), fullPage: true });
        return page.evaluate(() => {
          const wrong = [], ground = getComputedStyle(document.body).backgroundColor;
          const shown = [...document.querySelectorAll('svg.i')].filter(e => e.getBoundingClientRect().width > 0 && !e.closest('.hush'));
          for (const e of shown) if (getComputedStyle(e).color === ground) wrong.push(`a shape has the colour of its ground: ${e.parentElement.outerHTML.slice(0, 100)}`);
          for (const e of document.querySelectorAll('.meter, .bar, .inv, .btn')) {
            const { borderTopWidth, borderTopStyle, outlineStyle } = getComputedStyle(e);
            if (e.getBoundingClientRect().width > 0 && outlineStyle === 'none' && (parseFloat(borderTopWidth) < 1 || borderTopStyle === 'none')) wrong.push(`no border in forced colours: ${e.outerHTML.slice(0, 100)}`);
          }
          return [...new Set(wrong)].slice(0, 3);
        });
      });
    },
  },
  {
    name: 'paper is black on white, and a certificate is two pages of A4 at most',
    async run(t) {
      assert.ok(t.run, 'a run has ended before');
      const context = await t.device({ dark: true, state: t.admin });
      const page = await context.newPage();
      const wrong = [];
      for (const path of [t.run.plan, t.run.path, `${t.run.path}/certificate`, '/reports', ...(t.statement ? [t.statement] : [])]) {
        await page.goto(url(path), { waitUntil: 'load' });
        await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
        wrong.push(...(await inked(page)).map(fault => `${path}: ${fault}`));
        await page.setViewportSize({ width: 794, height: 1123 });
        if (!t.short) await page.screenshot({ path: pictureOf(t, path, 'print'), fullPage: true });
        const sheets = await printed(page);
        t.say(`${path}: ${sheets} pages of A4`);
        if (/certificate$/.test(path) && sheets > 2) wrong.push(`${path}: ${sheets} pages of A4`);
        await page.emulateMedia({ media: null });
      }
      assert.deepEqual(wrong, []);
    },
  },
];
