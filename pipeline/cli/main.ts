#!/usr/bin/env node
import process from 'node:process';
import { parts } from './composition.ts';
import { EXIT, isPipeClosed } from './exit.ts';
import { createProgram, runProgram } from './program.ts';

const { stdout, stderr, stdin, env } = process;

for (const output of [stdout, stderr]) {
  output.on('error', (error) => process.exit(isPipeClosed(error) ? EXIT.ok : EXIT.failure));
}
const exit = (code: number) => process.exit(code);
const program = createProgram(parts, { stdout, stderr, stdin, env, signals: process, exit });
process.exit(await runProgram(program, process.argv.slice(2), stderr));
