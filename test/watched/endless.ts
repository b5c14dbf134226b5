import { execFileSync } from 'node:child_process';
import { it } from 'vitest';

it('waits for a program and gives nothing back', () => {
  execFileSync('sh', ['-c', 'echo waiting; exec sleep 300'], { stdio: 'inherit' });
});
