export * from './await-change';
export * from './caches';
export * from './client';
export * from './errors';
export * from './kinds';
export * from './kube-config';
export * from './watch-cache';
