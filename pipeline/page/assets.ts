import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import type { Answer, Route } from '../runtime/ops.ts';

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Every file of the page by its path: the page itself, its parts, and uPlot out of node_modules. */
export function assetRoutes(): Readonly<Record<string, Route>> {
  const folder = staticFolder();
  const plot = createRequire(import.meta.url);
  const files: readonly (readonly [string, string | URL])[] = [
    ['/', new URL('index.html', folder)],
    ...partsIn(folder).map((name) => [`/page/${name}`, new URL(name, folder)] as const),
    ['/page/uplot.js', plot.resolve('uplot/dist/uPlot.esm.js')],
    ['/page/uplot.css', plot.resolve('uplot/dist/uPlot.min.css')],
  ];
  return Object.fromEntries(files.map(([path, file]) => [path, fileRoute(file)]));
}

const partsIn = (folder: URL): readonly string[] =>
  readdirSync(folder).filter((name) => /\.(?:js|css|svg)$/.test(name));

/** Reads the file when it is first asked for, and keeps it packed. */
function fileRoute(file: string | URL): Route {
  const type = TYPES[/[a-z]+$/.exec(String(file))?.[0] ?? ''] ?? 'application/octet-stream';
  let plain: Buffer | undefined;
  let packed: Buffer | undefined;
  return ({ headers }): Answer => {
    plain ??= readFileSync(file);
    if (!/\bgzip\b/.test(headers['accept-encoding'] ?? '')) return { type, body: plain, headers: { vary } };
    packed ??= gzipSync(plain);
    return { type, body: packed, headers: { vary, 'content-encoding': 'gzip' } };
  };
}

const vary = 'accept-encoding';

/** They are not compiled: from here upwards, built or not, they lie in the same place of the package. */
function staticFolder(): URL {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    const place = new URL('pipeline/page/static/', folder);
    if (existsSync(new URL('index.html', place))) return place;
    if (folder.pathname === '/') throw new Error('the files of the status page are missing from this installation');
  }
}
