/** `countersign serve`, as its own entry. */
import { main } from '../../src/cli/main.ts';

process.exitCode = await main(['serve']);
