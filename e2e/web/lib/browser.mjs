// The browser: one Chromium, contexts as devices, and everything that a page does wrong by itself.
import { chromium } from 'playwright-core';

const { CHROMIUM, TENURE_URL } = process.env;

export const url = path => new URL(path, TENURE_URL).href;

export class Browser {
  #chromium;
  /** What pages said against themselves: script errors, CSP violations, server errors. */
  faults = [];

  static async start() {
    const browser = new Browser();
    browser.#chromium = await chromium.launch({
      executablePath: CHROMIUM ?? '/usr/bin/chromium',
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run'],
    });
    return browser;
  }

  stop() {
    return this.#chromium.close();
  }

  /** A device. `state` is what a signed-in one has: its cookies; `loud` where the test itself takes something away. */
  async device({ width = 1440, dark = false, script = true, loud = false, state, ...more } = {}) {
    const context = await this.#chromium.newContext({
      viewport: { width, height: width < 600 ? 844 : 900 },
      colorScheme: dark ? 'dark' : 'light',
      reducedMotion: 'reduce',
      javaScriptEnabled: script,
      storageState: state,
      ...more,
    });
    context.setDefaultTimeout(10_000);
    context.on('weberror', error => this.faults.push(`script: ${error.error().message}`));
    context.on('console', said => {
      // A page that is refused says so in the console too; what it loads must be there.
      const refused = /^Failed to load resource: .* status of 4/.test(said.text()) && said.location().url === said.page()?.url();
      // What is said at the level verbose is advice on forms, which no reader sees.
      if (!refused && !loud && said.type() !== 'verbose') this.faults.push(`${said.type()} on ${said.page()?.url()}: ${said.text()}`);
    });
    context.on('response', answer => {
      if (answer.status() >= 500) this.faults.push(`${answer.status()} ${answer.request().method()} ${answer.url()}`);
    });
    return context;
  }
}
