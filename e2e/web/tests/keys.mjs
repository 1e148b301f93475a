// With the keys alone; and what no key does.
import { url } from '../lib/browser.mjs';
import { assert, eventually, says, text } from '../lib/check.mjs';
import { leaver } from '../lib/tenure.mjs';

/** Where the focus is: what it says, whether it is seen, and whether something covers it. */
const focused = page => page.evaluate(() => {
  const { activeElement: e } = document, style = getComputedStyle(e), box = e.getBoundingClientRect();
  const top = document.elementFromPoint(box.x + Math.min(box.width / 2, 40), box.y + box.height / 2);
  const bar = document.querySelector('.bar');
  return {
    text: e.textContent.trim().replace(/\s+/g, ' ').slice(0, 60), tag: e.tagName, href: e.getAttribute('href'),
    shown: [style, getComputedStyle(e, '::after'), ...(e.closest('label') ? [getComputedStyle(e.closest('label'))] : [])].some(own => own.outlineStyle !== 'none' || own.boxShadow !== 'none'), visible: box.width > 0 && box.height > 0,
    inMain: !!e.closest('main'), covered: !!bar && !bar.contains(e) && bar.contains(top),
  };
});

export const tests = [
  {
    name: 'a plan is read and approved with the keys alone',
    short: true,
    async run(t) {
      const plan = await leaver('ines.costa@fabrikam.example', { tenant: 'fabrikam', by: 'people@fabrikam.example' });
      const page = await t.page(plan.path);
      await page.keyboard.press('Tab');
      assert.match(await page.evaluate(() => document.activeElement.textContent), /Skip to the content/, 'the first stop skips to the content');
      await page.keyboard.press('Enter');
      const seen = [];
      for (let stop = 0; stop < 250; stop += 1) {
        await page.keyboard.press('Tab');
        const at = await focused(page);
        seen.push(at.text);
        if (!at.inMain) continue;
        assert.ok(at.visible && at.shown, `the focus is seen on ${at.tag} “${at.text}”`);
        assert.ok(!at.covered, `the bar does not hide the focus on ${at.tag} “${at.text}”`);
        if (at.tag === 'BUTTON' && /^Approve/.test(at.text)) break;
      }
      assert.match(seen.at(-1), /^Approve/, `the approval is reached by Tab; stops: ${seen.join(' | ').slice(0, 800)}`);
      await page.keyboard.press('Enter');
      await eventually('it is approved', async () => /\/runs\//.test(page.url()) || /begin the run|approved by|you approved/i.test(await text(page.locator('main'))));
    },
  },
  {
    name: 'j and k move, Enter opens, / filters, ? lists the keys, Escape closes, Ctrl K finds, g goes',
    async run(t) {
      const page = await t.page('/plans');
      await page.keyboard.press('j');
      const first = await focused(page);
      await page.keyboard.press('j');
      const second = await focused(page);
      assert.ok(first.href && second.href && first.href !== second.href, 'j goes to the next line');
      assert.ok(second.shown, 'the line shows the focus');
      await page.keyboard.press('k');
      assert.equal((await focused(page)).href, first.href, 'k goes back');
      await page.keyboard.press('/');
      assert.equal(await page.evaluate(() => document.activeElement.name), 'q', '/ goes to the filter');
      await page.keyboard.type('jk?');
      assert.equal(await page.getByRole('searchbox').first().inputValue(), 'jk?', 'while typing, keys are letters');
      await page.getByRole('searchbox').first().fill('');
      await page.evaluate(() => document.activeElement.blur());
      await page.keyboard.press('?');
      const list = page.getByRole('dialog', { name: 'Keys' });
      await list.waitFor();
      await says(page, 'No key approves, refuses, runs or undoes.');
      await page.keyboard.press('Escape');
      await list.waitFor({ state: 'hidden' });
      await page.keyboard.press('Control+k');
      const palette = page.getByRole('dialog', { name: 'Find or do' });
      await palette.getByRole('searchbox').pressSequentially('nora', { delay: 30 });
      await palette.getByRole('link', { name: /Nora Lindqvist/ }).first().waitFor();
      await page.keyboard.press('ArrowDown');
      assert.equal((await focused(page)).tag, 'A', 'the arrow goes to the hits');
      await page.keyboard.press('Enter');
      await page.waitForURL(/\/people\//);
      await page.keyboard.press('g');
      await page.keyboard.press('f');
      await page.waitForURL(/\/findings$/);
      await page.goto(url('/plans'));
      await page.keyboard.press('j');
      await page.keyboard.press('Enter');
      await page.waitForURL(new RegExp(`${first.href}$`));
    },
  },
  {
    name: '[ and ] walk the receipts of a run, and Escape closes a menu',
    async run(t) {
      const page = await t.page(t.run.path);
      await page.locator('.steps a.name.wide').first().click();
      await page.locator('#receipt a[data-next]').waitFor();
      const receipt = () => text(page.locator('#receipt header code'));
      const first = await receipt();
      await page.keyboard.press(']');
      await eventually('the next receipt is shown', async () => (await receipt()) !== first);
      await page.keyboard.press('[');
      await eventually('the one before is shown', async () => (await receipt()) === first);
      await page.locator('summary', { hasText: 'More' }).click();
      await page.getByRole('button', { name: 'Plan the undo' }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Plan the undo' }).waitFor({ state: 'hidden' });
    },
  },
  {
    name: 'no key approves, refuses, runs or undoes by itself',
    async run(t) {
      const plan = await leaver('yusuf.demir@fabrikam.example', { tenant: 'fabrikam', by: 'people@fabrikam.example' });
      const page = await t.page(plan.path);
      const posts = [];
      page.on('request', request => { if (request.method() !== 'GET') posts.push(request.url()); });
      for (const path of [plan.path, `${plan.path}/approve`, t.run.path]) {
        await page.goto(url(path));
        for (const key of [...'abcdefhijklmnopqrstuvwxyz0123456789.,;[]', 'Enter', 'Space', 'Control+Enter', 'Alt+a', 'Shift+A']) {
          await page.keyboard.press(key);
          await page.keyboard.press('Escape');
          if (!page.url().includes(path)) await page.goto(url(path));
        }
      }
      assert.deepEqual(posts, [], 'nothing was sent');
      await page.goto(url(plan.path));
      assert.equal(await page.getByRole('button', { name: /^Approve/ }).count(), 1, 'it still waits');
    },
  },
  {
    name: 'keys can be switched off on a device',
    async run(t) {
      const page = await t.page('/plans');
      await page.keyboard.press('?');
      await page.getByLabel('Keys off on this device').last().check();
      await page.keyboard.press('Escape');
      await page.reload();
      await page.keyboard.press('j');
      assert.equal((await focused(page)).tag, 'BODY', 'j does nothing');
    },
  },
];
