import { DeadlineError } from '../../pipeline/runtime/deadline.ts';
import { EndpointError } from '../connector.ts';

/** For a metric: what a call failed with, in the words of EndpointError. */
export function reasonOf(error: unknown): string {
  if (error instanceof EndpointError) return error.code;
  return error instanceof DeadlineError ? 'timeout' : 'refused';
}
