import { oneOf } from './values.ts';

/** The setting `--log-level`. */
export const logLevel = {
  doc: 'lowest level to log',
  placeholder: 'LEVEL',
  read: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
  default: 'info',
};

/** Lines that could not be written yet are kept up to here, in characters. */
const keptLog = 1 << 20;

/**
 * Where programs log to: standard error. What cannot be written, as on a full disk, is tried again with the next line, and in
 * the end left out; it ends nothing. `destination` is that of pino.
 */
export function logDestination<D extends { on(event: 'error', listener: () => void): unknown }>(
  destination: (options: { fd: number; sync: boolean; maxLength: number }) => D,
): D {
  const stream = destination({ fd: 2, sync: true, maxLength: keptLog });
  stream.on('error', () => {});
  return stream;
}
