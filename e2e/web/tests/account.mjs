// The first account, signing in, and another operator.
import { assert, says, text } from '../lib/check.mjs';
import { url } from '../lib/browser.mjs';

export const ADMIN = { name: 'Ada Admin', address: 'you@provider.example', password: 'correct horse battery 9' };
export const COLLEAGUE = 'colleague2@provider.example';

/** Fills the first form there is. */
export async function begins(page, password) {
  await page.getByLabel('Organisation').fill('Example IT');
  await page.getByLabel('Your name').fill(ADMIN.name);
  await page.getByLabel('Your address').fill(ADMIN.address);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByLabel('Password again').fill(password);
  await page.getByRole('button', { name: 'Make the first account' }).click();
}

export const tests = [
  {
    name: 'the set-up link makes the first account, once',
    short: true,
    async run(t) {
      const device = await t.device();
      const page = await device.newPage();
      await page.goto(process.env.TENURE_SET_UP);
      await begins(page, 'short');
      await says(page, 'has to be mended');
      assert.equal(await page.getByLabel('Your address').inputValue(), ADMIN.address, 'what was typed is kept');
      await begins(page, ADMIN.password);
      await page.waitForURL(url('/today'));
      t.admin = await device.storageState();
      const again = await page.goto(process.env.TENURE_SET_UP);
      assert.ok(again.status() >= 400, `the link still opens: ${again.status()}`);
      await device.close();
    },
  },
  {
    name: 'the session cookie is for the server alone',
    short: true,
    async run(t) {
      const cookies = t.admin.cookies.filter(cookie => /tenure/i.test(cookie.name));
      assert.ok(cookies.length > 0, 'there is a session cookie');
      for (const cookie of cookies) {
        assert.ok(cookie.httpOnly, `${cookie.name} is HttpOnly`);
        assert.match(cookie.sameSite, /^(Lax|Strict)$/, `${cookie.name} has SameSite`);
        assert.equal(cookie.path, '/');
      }
    },
  },
  {
    name: 'a wrong password is refused without saying which part was wrong, the right one lets in',
    short: true,
    async run(t) {
      const device = await t.device();
      const page = await device.newPage();
      await page.goto(url('/plans'));
      assert.match(page.url(), /\/sign-in/, 'nobody is let in without a session');
      const said = [];
      for (const [address, password] of [[ADMIN.address, 'wrong horse battery 9'], ['nobody@provider.example', ADMIN.password]]) {
        await page.getByLabel('Address').fill(address);
        await page.getByLabel('Password').fill(password);
        await page.getByRole('button', { name: /Sign in/ }).click();
        said.push(await text(page.locator('[role=alert], .errors, .band').first()));
      }
      assert.equal(said[0], said[1], 'the refusal tells nobody which addresses there are');
      await page.getByLabel('Address').fill(ADMIN.address);
      await page.getByLabel('Password').fill(ADMIN.password);
      await page.getByRole('button', { name: /Sign in/ }).click();
      await page.waitForURL(url('/plans'));
      await device.close();
    },
  },
  {
    name: 'an admin invites an approver',
    short: true,
    async run(t) {
      const page = await t.page('/settings/operators');
      await page.getByLabel('Name', { exact: true }).fill('Colleague Two');
      await page.getByLabel('Work address').fill(COLLEAGUE);
      await page.getByLabel('Role').selectOption('approver');
      await page.getByRole('button', { name: 'Invite' }).click();
      await page.waitForURL(/\/settings\/operators\/o-/);
      await says(page, 'approver');
      await page.context().close();
    },
  },
];
