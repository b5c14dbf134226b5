import { isList, membersOf, type Parameter, ProtocolError, resultOf, type Value, XapiError } from './protocol.ts';

/**
 * One call of XAPI's JSON-RPC 2.0: `{"jsonrpc":"2.0","id":…,"method":"VM.get_all","params":[…]}`. The answer has a
 * `result`, or an `error` whose `message` is XAPI's code and whose `data` are its parameters (`api_server.ml`).
 */
export const encodeJsonCall = (method: string, params: readonly Parameter[], id: number): string =>
  JSON.stringify({ jsonrpc: '2.0', method, params, id });

/** The value of an answer. Throws ProtocolError on what is no JSON-RPC, XapiError on a refusal. */
export function decodeJsonReply(text: string): Value {
  const reply = membersOf(parse(text));
  const { error, result } = reply;
  if (error !== undefined && error !== null) throw refusalOf(error);
  if (result === undefined) throw new ProtocolError('a JSON answer with neither result nor error');
  // The first JSON-RPC of XAPI wrapped its results as XML-RPC does.
  return 'Status' in membersOf(result) ? resultOf(result) : result;
}

function parse(text: string): Value {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ProtocolError('an answer that is no JSON', { cause });
  }
}

function refusalOf(error: Value): Error {
  if (isList(error)) return new XapiError(error.map(String));
  const { data, message } = membersOf(error);
  if (typeof message !== 'string') return new ProtocolError('an error without a message');
  return new XapiError([message, ...(isList(data) ? data.map(String) : [])]);
}
