/**
 * Loaded anew for each test file, while other modules stay in the worker. The hook is added here, outside every other
 * one: a hook that is added from within a hook may never run, and processes would be left behind.
 * @module
 */
import { afterAll } from 'vitest';
import { undoAll } from './at-end.ts';

afterAll(undoAll);
