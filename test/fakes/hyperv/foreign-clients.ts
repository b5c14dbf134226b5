import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pythonHome } from '../../services/service.ts';
import { type FakeHyperv, METER } from './hyperv.ts';
import { WQL_DIALECT } from './soap.ts';
import type { World } from './world.ts';

const run = promisify(execFile);

/** The class that has CPU time. */
export const PROCESSORS = 'Win32_PerfRawData_HvStats_HyperVHypervisorVirtualProcessor';

export interface ProcessorRow {
  readonly Name: string;
  readonly PercentTotalRunTime: string;
}

/** What every client is to see of the virtual processors; the last row has the sums. */
export function processorsOf(world: World): readonly ProcessorRow[] {
  const each = [...world.machines.values()].flatMap(({ spec }) =>
    ['0', '1'].map((vp) => ({
      Name: `${spec.name}:Hv VP ${vp}`,
      ran: world.shown(spec.guid, 'totalRunTime', vp) ?? 0n,
    })),
  );
  const total = { Name: '_Total', ran: each.reduce((sum, { ran }) => sum + ran, 0n) };
  return [...each, total].map(({ Name, ran }) => ({ Name, PercentTotalRunTime: String(ran) }));
}

/** What Dell's wslenum prints of an enumeration, by answers. It knows Basic only; `dir` is its home. */
export async function wslenum(fake: FakeHyperv, dir: string, wql: string, most: number, tls = false): Promise<string> {
  const uri = 'http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/*';
  const env = {
    PATH: process.env.PATH,
    HOME: dir,
    OUTPREFIX: dir,
    WSENDPOINT: new URL(fake.url).host,
    WSUSER: METER.user,
    WSPASS: METER.password,
    ...(!tls && { WSNOSSL: 'true' }),
  };
  const args = [uri, '-dialect', WQL_DIALECT, '-filter', wql, '-opti', String(most)];
  try {
    return (await run('wslenum', args, { env, cwd: dir, maxBuffer: 64 * 2 ** 20 })).stdout;
  } catch (error) {
    // So it ends where the last answer is a fault.
    if (error instanceof Error && 'stdout' in error) return String(error.stdout);
    throw error;
  }
}

/** The rows in what it printed. */
export const rowsOf = (text: string): readonly ProcessorRow[] =>
  [...text.matchAll(/<Name>([^<]*)<\/Name>\s*<PercentTotalRunTime>(\d+)</g)].map(
    ([, Name = '', PercentTotalRunTime = '']) => ({ Name, PercentTotalRunTime }),
  );

/** What pywinrm saw of a class, with NTLM or Kerberos (session.py). */
export async function pywinrm(
  url: string,
  className: string,
  transport: 'ntlm' | 'kerberos' = 'ntlm',
  env: NodeJS.ProcessEnv = process.env,
): Promise<{ readonly rows: readonly ProcessorRow[] }> {
  const script = fileURLToPath(new URL('session.py', import.meta.url));
  const { stdout } = await run(`${pythonHome}/bin/python`, [script, url, className, transport], { env });
  return JSON.parse(stdout);
}
