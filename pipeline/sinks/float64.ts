/**
 * Python tells 1.0 from 1, and a message's signature depends on it; JavaScript does not. A float that was read off
 * the wire and happens to be whole is carried in this mark until its signature is checked. What we emit never needs
 * it: a whole number leaves as an integer.
 */
export const FLOAT64 = Symbol('float64');

export interface Float64 {
  readonly [FLOAT64]: number;
}

export const float64 = (value: number): Float64 => ({ [FLOAT64]: value });

export const isFloat64 = (value: unknown): value is Float64 =>
  typeof value === 'object' && value !== null && FLOAT64 in value;
