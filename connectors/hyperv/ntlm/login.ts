import type { Clock } from '../../../pipeline/runtime/clock.ts';
import type { CarrierOptions } from '../carrier.ts';
import { type LoginMethod, refused, sendToken, understood } from '../carrier-login.ts';
import { channelBindings } from '../channel-bindings.ts';
import { authenticate, chanceAt, type NtlmUser, negotiateMessage } from './ntlm.ts';
import { clientSealing } from './seal.ts';

export interface NtlmLoginOptions extends CarrierOptions {
  readonly clock: Clock;
  readonly user: NtlmUser;
  /** Over plain HTTP messages are sealed; TLS does that by itself. */
  readonly seals: boolean;
  /** Ties the login to the TLS connection. */
  readonly binds: boolean;
}

const CREDENTIALS =
  'check username and password; the account may be locked, or not allowed to log on over the network; if TLS ends at a ' +
  'proxy, set channelBinding: false, which a service with CbtHardeningLevel Strict does not take';
const SCHEMES = 'the service must allow Negotiate (winrm get winrm/config/service/auth)';
const SCHEME = 'Negotiate';

/** The two messages of ours; the server's answer to the second comes with that to the first message proper. */
export const ntlmLogin = (options: NtlmLoginOptions): LoginMethod => ({
  remedy: CREDENTIALS,
  login: async (signal) => {
    const { clock, user, seals, binds, http } = options;
    const negotiate = negotiateMessage();
    const { status, token } = await sendToken(options, SCHEME, negotiate, signal);
    if (status !== 401 || token === undefined) throw refused(options, SCHEMES);
    const certificate = binds ? http.serverCertificate() : null;
    const bindings = certificate === null ? null : channelBindings(certificate);
    const { message, sessionKey } = understood(options, () =>
      authenticate(negotiate, token, user, chanceAt(clock.now()), bindings),
    );
    const second = await sendToken(options, SCHEME, message, signal);
    if (second.status === 401) throw refused(options, CREDENTIALS);
    return seals ? clientSealing(sessionKey) : null;
  },
});
