import { Socket } from 'node:net';
import type { buildConnector } from 'undici';

export interface Opening {
  readonly connect: buildConnector.connector;
  /** Gives up on the connections that are not open yet. */
  abandon(): void;
}

/**
 * Knows the connections that are being opened. A pool that is destroyed leaves such a one to its own timeout: a host
 * that does not answer would collect a socket with each attempt.
 */
export function trackOpening(connect: buildConnector.connector): Opening {
  const opening = new Set<Socket>();
  return {
    connect: (options, done) => {
      // Its type says that it returns nothing; it returns the socket.
      const socket: unknown = connect(options, (...outcome) => {
        if (socket instanceof Socket) opening.delete(socket);
        done(...outcome);
      });
      if (socket instanceof Socket) opening.add(socket);
    },
    abandon: () => {
      for (const socket of opening) socket.destroy(new Error('the client was closed'));
    },
  };
}
