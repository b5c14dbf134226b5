import { envelope, escapeXml } from './soap.ts';

/** A SOAP fault: whose it is, what it is in the words of WS-*, and Windows' number and sentence. */
export interface Fault {
  readonly code: 'Sender' | 'Receiver' | 'MustUnderstand';
  /** With its prefix, `wsman:`-less: `n:InvalidEnumerationContext`. */
  readonly subcode: string;
  /** WSManFault's Code; null: there is no WSManFault. */
  readonly number: number | null;
  readonly message: string;
  /** The fault of WMI within it, by its name and number. */
  readonly provider?: { readonly status: string; readonly hresult: number };
}

/** Numbers of wsmerror.h and wbemcli.h. */
const WBEM = { WBEM_E_INVALID_CLASS: 0x80041010, WBEM_E_INVALID_QUERY: 0x80041017, WBEM_E_ACCESS_DENIED: 0x80041003 };

export const invalidContext: Fault = {
  code: 'Receiver',
  subcode: 'n:InvalidEnumerationContext',
  number: 0x8033801b,
  message: 'The enumeration context is not valid. It may have been completed or canceled.',
};

export const operationTimeout: Fault = {
  code: 'Receiver',
  subcode: 'w:TimedOut',
  number: 0x80338029,
  message: 'The service cannot complete the operation within the time specified in OperationTimeout.',
};

/** Too many operations of one user at once. */
export const quota: Fault = {
  code: 'Sender',
  subcode: 'w:QuotaLimit',
  number: 0x803381a6,
  message: 'This user is allowed a maximum number of concurrent operations, which has been exceeded.',
};

export const busy: Fault = { ...quota, number: 0x8033803f, message: 'The service is busy. Retry later.' };

export const accessDenied: Fault = {
  code: 'Sender',
  subcode: 'w:AccessDenied',
  number: 5,
  message: 'Access is denied.',
};

/** WMI's own refusal: the account may come in, and not read the namespace. */
export const wmiAccessDenied: Fault = {
  code: 'Sender',
  subcode: 'w:AccessDenied',
  number: 0x80338104,
  message: "The WMI service returned an 'access denied' error.",
  provider: { status: 'WBEM_E_ACCESS_DENIED', hresult: WBEM.WBEM_E_ACCESS_DENIED },
};

/** How a host says that there is no such class: nobody has recorded it of Hyper-V. */
export type AbsentClass = 'filter' | 'resource' | 'hresult';

export function absentClass(form: AbsentClass, name: string): Fault {
  const status = 'WBEM_E_INVALID_CLASS';
  const provider = { status, hresult: WBEM[status] };
  if (form === 'filter') return { ...badFilter(`The WMI provider returned an error: ${status} (${name}).`), provider };
  if (form === 'hresult')
    return {
      code: 'Receiver',
      subcode: 'w:InternalError',
      number: provider.hresult,
      message: 'Invalid class',
      provider,
    };
  return {
    code: 'Sender',
    subcode: 'a:DestinationUnreachable',
    number: 0x80338000,
    message: 'The service cannot find the resource identified by the resource URI and selectors.',
  };
}

export const badFilter = (why: string): Fault => ({
  code: 'Sender',
  subcode: 'n:CannotProcessFilter',
  number: 0x8033801a,
  message: `The data source could not process the filter. ${why}`,
});

export const invalidQuery = (why: string): Fault => ({
  ...badFilter(why),
  provider: { status: 'WBEM_E_INVALID_QUERY', hresult: WBEM.WBEM_E_INVALID_QUERY },
});

export const badDialect: Fault = {
  code: 'Sender',
  subcode: 'n:FilterDialectRequestedUnavailable',
  number: 0x80338019,
  message: 'The filter dialect was not supported for this resource.',
};

export const badResource: Fault = {
  code: 'Sender',
  subcode: 'a:DestinationUnreachable',
  number: 0x80338002,
  message: 'The resource URI is missing or it has an incorrect format.',
};

export const badAction: Fault = {
  code: 'Sender',
  subcode: 'a:ActionNotSupported',
  number: 0x80338013,
  message: 'The service does not support the action specified in the request.',
};

/** One item alone is larger than the envelope may be. */
export const tooLarge: Fault = {
  code: 'Sender',
  subcode: 'w:EncodingLimit',
  number: 0x80338035,
  message: 'The encoding of the answer exceeds the limit of the envelope.',
};

export const badHeader = (why: string): Fault => ({
  code: 'Sender',
  subcode: 'a:InvalidMessageInformationHeader',
  number: 0x8033800f,
  message: why,
});

export const mustUnderstand = (header: string): Fault => ({
  code: 'MustUnderstand',
  subcode: '',
  number: 0x80338010,
  message: `The service cannot process the header ${header} that must be understood.`,
});

const FAULT_NS = 'http://schemas.microsoft.com/wbem/wsman/1/wsmanfault';

export function faultXml(fault: Fault, machine: string, relatesTo: string, messageId: string): string {
  const { code, subcode, number, message, provider } = fault;
  const under = subcode === '' ? '' : `<s:Subcode><s:Value>${subcode}</s:Value></s:Subcode>`;
  const reason = `<s:Reason><s:Text xml:lang="en-US">${escapeXml(message)}</s:Text></s:Reason>`;
  const detail = number === null ? '' : `<s:Detail>${wsManFault(number, machine, message, provider)}</s:Detail>`;
  const body = `<s:Fault><s:Code><s:Value>s:${code}</s:Value>${under}</s:Code>${reason}${detail}</s:Fault>`;
  return envelope('http://schemas.dmtf.org/wbem/wsman/1/wsman/fault', relatesTo, messageId, body);
}

function wsManFault(number: number, machine: string, message: string, provider: Fault['provider']): string {
  const open = `<f:WSManFault xmlns:f="${FAULT_NS}" Code="${number}" Machine="${escapeXml(machine)}">`;
  if (!provider) return `${open}<f:Message>${escapeXml(message)}</f:Message></f:WSManFault>`;
  const within =
    `${open}<f:Message>${escapeXml(message)}</f:Message></f:WSManFault>` +
    `<f:ExtendedError><e:__ExtendedStatus xmlns:e="http://schemas.microsoft.com/wbem/wsman/1/wmi/__ExtendedStatus">` +
    `<e:Description>${provider.status}</e:Description><e:StatusCode>${provider.hresult}</e:StatusCode>` +
    `</e:__ExtendedStatus></f:ExtendedError>`;
  return (
    `${open}<f:Message><f:ProviderFault provider="WMI Provider" path="%systemroot%\\system32\\WsmWmiPl.dll">` +
    `${within}</f:ProviderFault></f:Message></f:WSManFault>`
  );
}
