#!/usr/bin/env python3
"""Bir iletiyi REST arayüzüyle imzalar, gönderir, teslimini bekler, delillerini doğrular.
Signs a message by the REST interface, sends it, waits for its delivery, verifies its evidence.

    python3 examples/python/kep.py PROGRAM.json

Only the standard library; openssl signs, as a card would. See examples/README.md.
"""
import base64
import json
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request


class Refused(Exception):
    """An answer that is a problem (RFC 9457); status and type are for programs."""

    def __init__(self, status, problem):
        super().__init__(f"{status} {problem.get('type')}: {problem.get('title')}")
        self.status, self.problem = status, problem


class KEP:
    def __init__(self, program):
        self.base, self.token = program['base'] + '/api/v1/', program['token']
        self.tls = ssl.create_default_context(cafile=program['authorities'])

    def call(self, method, path, body=None, media='application/json', timeout=90):
        """Makes a request; JSON becomes Python values, everything else stays bytes."""
        if body is not None and media == 'application/json':
            body = json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, body, method=method, headers={
            'Authorization': 'Bearer ' + self.token, 'Accept-Language': 'tr', **({'Content-Type': media} if body is not None else {})})
        try:
            with urllib.request.urlopen(request, context=self.tls, timeout=timeout) as answer:
                content, media = answer.read(), answer.headers.get_content_type()
        except urllib.error.HTTPError as e:
            problem = json.load(e) if 'json' in e.headers.get_content_type() else {}
            raise Refused(e.code, problem) from None
        return json.loads(content) if media == 'application/json' else content

    def wait(self, after):
        """Waits until something happens on the account; gives the cursor to go on with."""
        try:
            news = self.call('GET', f'events?after={after}&wait=20')
        except Refused as e:
            if e.status != 404:
                raise
            time.sleep(1)  # a provider without events
            return after
        return news['events'][-1]['number'] if news['events'] else after


def certificate(file):
    """Gives the first certificate of a PEM file as base64 of DER."""
    lines = pathlib.Path(file).read_text().split('-----BEGIN CERTIFICATE-----')[1].split('-----END')[0]
    return ''.join(lines.split())


def sign(key, attributes):
    """Signs as a card does. Another program, or PKCS#11, comes in its place."""
    return subprocess.run(['openssl', 'dgst', '-sha256', '-sign', key], input=attributes, capture_output=True, check=True).stdout


def main():
    program = json.loads(pathlib.Path(sys.argv[1]).read_text())
    kep, to = KEP(program), program['to']

    # Is the address there, before anybody signs?
    status = kep.call('POST', 'directory/check', {'addresses': [to], 'use': 'sending'})['results'][0]
    print(f"{to}: {status['text']}")

    # Write.
    draft = kep.call('POST', 'drafts', {'version': 0, 'to': [to], 'subject': 'Python örneği: ışık faturası', 'text': 'Fatura ektedir.\n'})
    kep.call('POST', f"drafts/{draft['id']}/files?name=fatura.txt&type=text/plain", 'On lira\n'.encode(), 'application/octet-stream')

    # Sign: the message stays there, the key stays here.
    request = kep.call('POST', 'signatures', {'drafts': [draft['id']], 'certificate': [certificate(program['certificate'])]})
    values = [base64.b64encode(sign(program['key'], base64.b64decode(i['attributes']))).decode() for i in request['items']]
    outcome = kep.call('POST', f"signatures/{request['id']}", {'values': values})[0]
    if 'refused' in outcome:
        raise SystemExit(outcome['refused']['tr'])
    message = outcome['message']
    print('Gönderildi / sent:', message)

    # Wait until it is in the mailbox.
    end, cursor = time.time() + 120, 0
    while True:
        recipient = kep.call('GET', 'messages/' + message)['recipients'][0]
        if recipient['state'] in ('delivered', 'retrieved'):
            break
        if recipient['state'] in ('refused', 'not-relayed', 'relay-refused', 'not-delivered') or time.time() > end:
            raise SystemExit(recipient['stands']['tr'])
        cursor = kep.wait(cursor)
    print(recipient['stands']['tr'])

    # Download the evidence, and verify it without the provider.
    folder = pathlib.Path(tempfile.mkdtemp(prefix='kep-'))
    for e in kep.call('GET', f'messages/{message}/evidence'):
        (folder / f"{e['code']}-{e['kind']}.xml").write_bytes(kep.call('GET', f"messages/{message}/evidence/{e['id']}"))
        print(f"  {e['code']} {e['name']['tr']} · {e['issuer']}")
    files = sorted(str(f) for f in folder.iterdir())
    remverify = os.environ.get('REMVERIFY', 'remverify')
    raise SystemExit(subprocess.run([remverify, '--trust', program['authorities'], *files]).returncode)


if __name__ == '__main__':
    main()
