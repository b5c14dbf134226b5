import { escapeXml, type Ref } from './value.ts';

/** A fault of vim25: its type, the sentence of the server, and the elements within it. */
export interface Fault {
  readonly type: string;
  readonly message: string;
  /** XML of the fields. */
  readonly fields: string;
}

export const fault = (type: string, message: string, fields = ''): Fault => ({ type, message, fields });

const reference = (name: string, { type, value }: Ref): string =>
  `<${name} type="${type}">${escapeXml(value)}</${name}>`;

export const notAuthenticated = (of: Ref, privilege = 'System.View'): Fault =>
  fault(
    'NotAuthenticated',
    'The session is not authenticated.',
    `${reference('object', of)}<privilegeId>${privilege}</privilegeId>`,
  );

export const noPermission = (of: Ref, privilege: string): Fault =>
  fault(
    'NoPermission',
    'Permission to perform this operation was denied.',
    `${reference('object', of)}<privilegeId>${privilege}</privilegeId>`,
  );

export const invalidLogin = (): Fault =>
  fault('InvalidLogin', 'Cannot complete login due to an incorrect user name or password.');

/** Of an object that is not there. Null: the fault does not say which. */
export const notFound = (of: Ref | null): Fault =>
  fault(
    'ManagedObjectNotFound',
    of === null
      ? 'The object has already been deleted or has not been completely created'
      : `The object 'vim.${of.type}:${of.value}' has already been deleted or has not been completely created`,
    of === null ? '' : reference('obj', of),
  );

export const invalidVersion = (): Fault => fault('InvalidCollectorVersion', 'The collector version is not valid.');

export const restricted = (what: string): Fault =>
  fault(
    'RestrictedByAdministrator',
    'The operation is restricted by the administrator.',
    `<details>${escapeXml(what)}</details>`,
  );

export const invalidArgument = (property: string): Fault =>
  fault('InvalidArgument', 'A specified parameter was not correct.', `<invalidProperty>${property}</invalidProperty>`);

export const invalidName = (name: string): Fault =>
  fault('InvalidName', 'The name is not valid.', `<name>${escapeXml(name)}</name>`);

export const methodNotFound = (method: string, of: Ref): Fault =>
  fault(
    'MethodNotFound',
    `The method is not supported.`,
    `<receiver type="${of.type}">${of.value}</receiver><method>${method}</method>`,
  );

export const invalidRequest = (why: string): Fault => fault('InvalidRequest', why);

export const canceled = (): Fault => fault('RequestCanceled', 'The request was canceled.');

const ENVELOPE =
  '<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/" ' +
  'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"';

/** @param xsi the prefix bound to XML Schema's instance namespace */
export const envelope = (body: string, xsi: string): string =>
  `${ENVELOPE} xmlns:${xsi}="http://www.w3.org/2001/XMLSchema-instance">\n<soapenv:Body>\n${body}\n</soapenv:Body>\n</soapenv:Envelope>`;

export const faultXml = ({ type, message, fields }: Fault, xsi: string): string =>
  envelope(
    `<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>${escapeXml(message)}</faultstring><detail>` +
      `<${type}Fault xmlns="urn:vim25" ${xsi}:type="${type}">${fields}</${type}Fault></detail></soapenv:Fault>`,
    xsi,
  );

/** A fault that is no object of vim25, as the parser of a server makes. */
export const plainFaultXml = (message: string, xsi: string): string =>
  envelope(
    `<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>${escapeXml(message)}</faultstring></soapenv:Fault>`,
    xsi,
  );
