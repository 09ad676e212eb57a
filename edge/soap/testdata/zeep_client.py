"""Calls eyServis as programs in Python do: zeep reads the WSDL and builds the rest."""
import sys

import zeep
from zeep.exceptions import Fault

wsdl, address, token, other = sys.argv[1:5]
letter = sys.stdin.buffer.read()

for port in ('eyServisSOAPport_http', 'eyServisSOAP12port_http'):  # SOAP 1.1, then 1.2
    service = zeep.Client(wsdl).bind('eyServis', port)
    login = {'kepHesap': address, 'tcno': '12345678950', 'parola': '', 'sifre': token}
    opened = service.Giris({'kepHesap': login, 'girisTur': 'BASE'})
    assert opened.durum == '0', opened
    login['sifre'] = opened.eGuvenlikId

    assert 'INBOX.Sent' in service.DizinSorgula(login)
    assert service.KotaSorgula(login) == 0
    made = service.MimeYap({
        'kepHesap': login, 'ePaketTur': 'Standart', 'kime': other, 'konu': 'Çağrı', 'icerik': 'Işık', 'eIcerikTur': 'TEXT',
        'ekler': [{'_value_1': b'%PDF-1.7 \x00\xff', 'contentType': 'application/pdf', 'fileName': 'çek.pdf'}],
    })
    assert made.durum == '0' and made.eHash and made.mesajid.startswith('<'), made
    listed = service.PaketSorgula({'kepHesap': login, 'dizin': 'INBOX.Sent'})
    assert listed.durum == [0] and not listed.kepId, listed
    missing = service.PaketDelilIndir({'kepHesap': login, 'delilId': 'yok/yok'})
    assert missing.durum == 2 and missing.hataaciklama, missing
    try:
        service.KontorSorgula(login)
        raise SystemExit('KontorSorgula answered')
    except Fault as fault:
        assert 'kontör yoktur' in fault.message, fault.message

sent = service.Yukle({'kepHesap': login, 'ePaket': {'_value_1': letter}, 'ePaketTur': 'Standart'})
assert sent.durum == 0 and sent.kepId, sent
print('ok')
