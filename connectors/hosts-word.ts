import { z } from 'zod';

/** The word that every kind of connector has which can read its hosts themselves. */
export const hostsWord = () =>
  z.boolean().default(true).describe('Meter the hosts themselves as well: `compute.node.*`, and how many VMs each has');
