import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium as driver, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { chromium } from '../../services/service.ts';

export const launch = (): Promise<Browser> =>
  driver.launch({ executablePath: chromium, args: ['--no-sandbox', '--disable-dev-shm-usage'] });

export interface Look {
  readonly width?: number;
  readonly height?: number;
  readonly colorScheme?: 'light' | 'dark';
}

/** What a browser complained of: refused by the policy, failed to load, or thrown by a script. */
const complaints = new WeakMap<Page, string[]>();

/** Opens a page and waits until it is live. Whatever its console tells is a complaint. */
export async function open(browser: Browser, address: string, look: Look = {}): Promise<Page> {
  const { width = 1366, height = 768, colorScheme = 'light' } = look;
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  const heard: string[] = [];
  complaints.set(page, heard);
  page.on('console', (message) => heard.push(message.text()));
  page.on('pageerror', (error) => heard.push(error.message));
  page.on('requestfailed', (request) => heard.push(`${request.url()}: ${request.failure()?.errorText}`));
  await page.goto(address);
  await page.getByRole('status').getByText('live', { exact: true }).waitFor();
  return page;
}

/** Fails if the browser complained, or if axe-core finds a fault in the page as it is now. */
export async function expectFlawless(page: Page): Promise<void> {
  expect(complaints.get(page)).toEqual([]);
  await expectAccessible(page);
}

/** Fails if axe-core finds a fault in the page as it is now. */
export const expectAccessible = async (page: Page): Promise<void> => expect(await faultsOf(page)).toEqual([]);

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Axe {
  run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
}

async function faultsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { readonly axe: Axe };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    );
  });
}

/** Which of these colours of the style sheet are not in the first plot, as strong as they are or thinned. */
export const undrawn = (page: Page, names: readonly string[]): Promise<readonly string[]> =>
  page.evaluate(`(${UNDRAWN})(${JSON.stringify(names)})`);

/** Runs in the browser. A thinned colour is rounded. */
const UNDRAWN = `(names) => {
  const canvas = document.querySelector('canvas');
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  const probe = document.body.appendChild(document.createElement('span'));
  const isDrawn = (name) => {
    probe.style.color = 'var(' + name + ')';
    const color = getComputedStyle(probe).color.match(/[0-9]+/g).slice(0, 3).map(Number);
    for (let at = 0; at < pixels.length; at += 4) {
      if (pixels[at + 3] > 60 && color.every((part, i) => Math.abs(part - pixels[at + i]) <= 3)) return true;
    }
    return false;
  };
  return names.filter((name) => !isDrawn(name));
}`;

/** Milliseconds that a step takes of 50 through a table, each drawn. Runs in the browser. */
export const scrolled = (page: Page): Promise<number> =>
  page.evaluate(`(async () => {
    const viewport = document.querySelector('.viewport');
    const started = performance.now();
    for (let step = 1; step <= 50; step++) {
      viewport.scrollTop = step * 3000;
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    return (performance.now() - started) / 50;
  })()`);
