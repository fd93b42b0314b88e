/**
 * The thread in which PDFs are read, one after the other.
 * @module
 */
import { type MessagePort, parentPort } from 'node:worker_threads';
import type { InspectionRequest } from './inspection.ts';
import { readPdf } from './read-pdf.ts';

async function answer(port: MessagePort, request: InspectionRequest): Promise<void> {
  port.postMessage(await readPdf(request), []);
}

parentPort?.on('message', (request: InspectionRequest) => void (parentPort && answer(parentPort, request)));
