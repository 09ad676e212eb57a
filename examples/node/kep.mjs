// Bir iletiyi REST arayüzüyle imzalar, gönderir, teslimini bekler, delillerini doğrular.
// Signs a message by the REST interface, sends it, waits for its delivery, verifies its
// evidence.
//
//   node examples/node/kep.mjs PROGRAM.json
//
// No packages: node:crypto signs, as a card would. See examples/README.md.
import { spawnSync } from 'node:child_process';
import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const program = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const ca = readFileSync(program.authorities);

// A Refused is an answer that is a problem (RFC 9457); status and type are for programs.
class Refused extends Error {
  constructor(status, problem) {
    super(`${status} ${problem.type}: ${problem.title}`);
    Object.assign(this, { status, problem });
  }
}

// call makes a request; JSON becomes values, everything else stays a buffer.
function call(method, path, body, media = 'application/json') {
  if (body !== undefined && media === 'application/json') body = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const headers = { Authorization: 'Bearer ' + program.token, 'Accept-Language': 'tr' };
    if (body !== undefined) {
      headers['Content-Type'] = media;
      headers['Content-Length'] = Buffer.byteLength(body);
    }
    const r = request(program.base + '/api/v1/' + path, { method, headers, ca, timeout: 90_000 }, (answer) => {
      const parts = [];
      answer.on('data', (b) => parts.push(b));
      answer.on('error', reject);
      answer.on('end', () => {
        const content = Buffer.concat(parts);
        const json = /^application\/(problem\+)?json/.test(answer.headers['content-type'] ?? '');
        const value = json ? JSON.parse(content) : content;
        if (answer.statusCode >= 400) reject(new Refused(answer.statusCode, json ? value : {}));
        else resolve(value);
      });
    });
    r.on('timeout', () => r.destroy(new Error('no answer in time')));
    r.on('error', reject);
    r.end(body);
  });
}

// wait waits until something happens on the account; it gives the cursor to go on with.
async function wait(after) {
  try {
    const { events } = await call('GET', `events?after=${after}&wait=20`);
    return events.length > 0 ? events.at(-1).number : after;
  } catch (e) {
    if (e.status !== 404) throw e;
    await sleep(1000); // a provider without events
    return after;
  }
}

// Is the address there, before anybody signs?
const to = program.to;
const checked = await call('POST', 'directory/check', { addresses: [to], use: 'sending' });
console.log(`${to}: ${checked.results[0].text}`);

// Write.
const draft = await call('POST', 'drafts', { version: 0, to: [to], subject: 'Node örneği: ışık faturası', text: 'Fatura ektedir.\n' });
await call('POST', `drafts/${draft.id}/files?name=fatura.txt&type=text/plain`, 'On lira\n', 'application/octet-stream');

// Sign: the message stays there, the key stays here. A card comes in its place.
const certificate = new X509Certificate(readFileSync(program.certificate)).raw.toString('base64');
const key = createPrivateKey(readFileSync(program.key));
const asked = await call('POST', 'signatures', { drafts: [draft.id], certificate: [certificate] });
const values = asked.items.map((i) => sign('sha256', Buffer.from(i.attributes, 'base64'), key).toString('base64'));
const [outcome] = await call('POST', `signatures/${asked.id}`, { values });
if (outcome.refused) throw new Error(outcome.refused.tr);
const message = outcome.message;
console.log('Gönderildi / sent:', message);

// Wait until it is in the mailbox.
let recipient;
for (let cursor = 0, end = Date.now() + 120_000; ; cursor = await wait(cursor)) {
  [recipient] = (await call('GET', 'messages/' + message)).recipients;
  if (['delivered', 'retrieved'].includes(recipient.state)) break;
  if (['refused', 'not-relayed', 'relay-refused', 'not-delivered'].includes(recipient.state) || Date.now() > end) throw new Error(recipient.stands.tr);
}
console.log(recipient.stands.tr);

// Download the evidence, and verify it without the provider.
const folder = mkdtempSync(join(tmpdir(), 'kep-'));
const files = [];
for (const e of await call('GET', `messages/${message}/evidence`)) {
  files.push(join(folder, `${e.code}-${e.kind}.xml`));
  writeFileSync(files.at(-1), await call('GET', `messages/${message}/evidence/${e.id}`));
  console.log(`  ${e.code} ${e.name.tr} · ${e.issuer}`);
}
const { status, error } = spawnSync(process.env.REMVERIFY ?? 'remverify', ['--trust', program.authorities, ...files], { stdio: 'inherit' });
if (error) throw error;
process.exitCode = status;
