import type { Sample } from '../../../pipeline/model/sample.ts';
import { createMessageEncoder } from '../../../pipeline/sinks/message-encoder.ts';
import type { MessageOptions } from '../../../pipeline/sinks/meter-message.ts';

/** One sample's signed meter message as MessagePack. */
export const messageOf = (sample: Sample, options: MessageOptions): Buffer => createMessageEncoder(options)(sample);
