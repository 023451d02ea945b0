export * from './model.ts';
export * from './packets.ts';
export * from './random.ts';
