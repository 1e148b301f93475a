// Every page, found by walking the links and held against the list of routes: axe, in both themes, wide and narrow.
import { assert } from '../lib/check.mjs';
import { fits, kinds, look, pages, pictureOf, routes } from '../lib/walk.mjs';

const MODES = [[1440, false], [1440, true], [390, false], [390, true]];

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
        const all = [...own.map(one => [page, one.path, one.kind]), [strange, '/sign-in'], [page, '/nowhere'], [strange, '/set-up/none']];
        for (const [at, path, name] of all) {
          looked += 1;
          const mode = `${width}${dark ? '-dark' : '-light'}`;
          const seen = await look(at, path, pictureOf(t, name ?? path, mode)).catch(error => [error.message.split('\n')[0]]);
          wrong.push(...seen.map(fault => `${path} ${mode}: ${fault}`));
        }
        await device.close();
        await bare.close();
      }
      t.say(`${looked} looks, ${wrong.length} faults`);
      assert.equal(wrong.length, 0, `\n  ${wrong.join('\n  ')}`);
    },
  },
];
