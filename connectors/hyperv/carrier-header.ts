import { EndpointError } from '../connector.ts';
import { type Carrier, type CarrierOptions, post, replyOf } from './carrier.ts';

/** What the service maps a client's certificate to a local account by. */
const CERTIFICATE = 'http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual';

export const basicCarrier = (options: CarrierOptions, username: string, password: string): Carrier =>
  headerCarrier(
    options,
    `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`,
    'check username and password: Basic takes local accounts only, and the service must allow it (winrm set winrm/config/service/auth @{Basic="true"})',
  );

export const certificateCarrier = (options: CarrierOptions): Carrier =>
  headerCarrier(
    options,
    CERTIFICATE,
    'check that the service allows certificates and maps this one to a local account (winrm enumerate winrm/config/service/certmapping)',
  );

/** Says who it is with every message, in a header. */
function headerCarrier(options: CarrierOptions, authorization: string, remedy: string): Carrier {
  return {
    send: async (message, signal) => {
      const answer = await post(options, message, { authorization }, signal);
      if (answer.status !== 401) return replyOf(answer);
      await answer.discard();
      throw new EndpointError('refused', options.endpoint, `${options.origin} does not take the user: ${remedy}`);
    },
  };
}
