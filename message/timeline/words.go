package timeline

import (
	"rem"
	"rem/message"
)

// Name returns what an evidence is called: the usual Turkish name of its kind and
// outcome.
func Name(c message.Claim) rem.Text {
	if c.NoInformation {
		return rem.Text{Turkish: "Teslim bilgisi gelmedi delili", English: "Evidence that no delivery information came"}
	}
	pick := func(positive, negative rem.Text) rem.Text {
		if c.Outcome == message.Positive {
			return positive
		}
		return negative
	}
	switch c.Kind {
	case message.SubmissionAcceptanceRejection:
		return pick(rem.Text{Turkish: "Gönderim kabul delili", English: "Evidence of accepted submission"},
			rem.Text{Turkish: "Gönderim ret delili", English: "Evidence of refused submission"})
	case message.RelayREMMDAcceptanceRejection:
		return pick(rem.Text{Turkish: "Alıcı KEPHS kabul delili", English: "Evidence that the recipient's provider took over"},
			rem.Text{Turkish: "Alıcı KEPHS ret delili", English: "Evidence that the recipient's provider refused"})
	case message.RelayREMMDFailure:
		return rem.Text{Turkish: "İletim hatası delili", English: "Evidence of failed relay"}
	case message.DeliveryNonDeliveryToRecipient:
		return pick(rem.Text{Turkish: "Teslim delili", English: "Evidence of delivery"},
			rem.Text{Turkish: "Teslim edilemedi delili", English: "Evidence of non-delivery"})
	case message.DownloadNonDownloadByRecipient:
		return pick(rem.Text{Turkish: "İndirildi delili", English: "Evidence of download"},
			rem.Text{Turkish: "İndirilmedi delili", English: "Evidence of non-download"})
	case message.RetrievalNonRetrievalByRecipient:
		return pick(rem.Text{Turkish: "Okundu delili", English: "Evidence of retrieval"},
			rem.Text{Turkish: "Okunmadı delili", English: "Evidence of non-retrieval"})
	case message.AcceptanceRejectionByRecipient:
		return pick(rem.Text{Turkish: "Alıcının kabul delili", English: "Evidence that the recipient accepted"},
			rem.Text{Turkish: "Alıcının ret delili", English: "Evidence that the recipient refused"})
	case message.RelayToNonREMSystem:
		return pick(rem.Text{Turkish: "KEP dışına iletim delili", English: "Evidence of relay outside registered mail"},
			rem.Text{Turkish: "KEP dışına iletilemedi delili", English: "Evidence of failed relay outside registered mail"})
	case message.ReceivedFromNonREMSystem:
		return rem.Text{Turkish: "KEP dışından geliş delili", English: "Evidence of receipt from outside registered mail"}
	}
	return rem.Text{Turkish: "Bilinmeyen delil", English: "Unknown evidence"}
}

// StateText says in a sentence where a message stands for a recipient.
func StateText(s message.State, leg message.Leg) rem.Text {
	switch s {
	case message.Refused:
		return rem.Text{Turkish: "Gönderim kabul edilmedi.", English: "The submission was refused."}
	case message.Accepted:
		return rem.Text{Turkish: "Kabul edildi; kutuya konuyor.", English: "Accepted; it is being put into the mailbox."}
	case message.Relaying, message.Attempting:
		return rem.Text{Turkish: "Alıcının KEPHS'sine iletiliyor.", English: "On its way to the recipient's provider."}
	case message.Asked:
		return rem.Text{Turkish: "Alıcının KEPHS'sine iletildi; yanıtı bekleniyor.", English: "Handed to the recipient's provider; its answer is awaited."}
	case message.Relayed:
		return rem.Text{Turkish: "Alıcının KEPHS'si devraldı; teslim bilgisi bekleniyor.", English: "Taken over by the recipient's provider; delivery information is awaited."}
	case message.NotRelayed:
		return rem.Text{Turkish: "Alıcının KEPHS'sine iletilemedi.", English: "It could not be relayed to the recipient's provider."}
	case message.Overdue:
		return rem.Text{Turkish: "Süresi içinde teslim bilgisi gelmedi; ileti kutuda olabilir.", English: "No delivery information came in time; the message may be in the mailbox."}
	case message.TakenOver:
		return rem.Text{Turkish: "Devralındı; kutuya konuyor.", English: "Taken over; it is being put into the mailbox."}
	case message.RelayRefused:
		return rem.Text{Turkish: "Devralınmadı.", English: "It was not taken over."}
	case message.Delivered:
		return rem.Text{Turkish: "Alıcının kutusunda; henüz okunmadı.", English: "In the recipient's mailbox; not read yet."}
	case message.NotDelivered:
		return rem.Text{Turkish: "Alıcının kutusuna konulamadı.", English: "It could not be put into the recipient's mailbox."}
	case message.Retrieved:
		return rem.Text{Turkish: "Okundu.", English: "Read."}
	case message.NotRetrieved:
		return rem.Text{Turkish: "Kutuda; süresi içinde okunmadı.", English: "In the mailbox; not read in time."}
	}
	return rem.Text{Turkish: "Bilinmiyor.", English: "Not known."}
}

// sentence says a step.
func sentence(s *Step, state message.State, leg message.Leg) rem.Text {
	if s.Implied && s.Place != Submitted {
		return rem.Text{Turkish: "Gerçekleşti: sonraki bir delil bunu gösteriyor; kendi delili henüz gelmedi.", English: "It happened, as a later evidence shows; its own evidence has not come yet."}
	}
	if s.Progress == NotReached {
		return rem.Text{Turkish: "Önceki adım gerçekleşmediği için olmayacak.", English: "It will not happen, because an earlier step did not."}
	}
	type key struct {
		Place
		Progress
	}
	switch (key{s.Place, s.Progress}) {
	case key{Submitted, Done}:
		if s.Implied {
			return rem.Text{Turkish: "Göndericinin KEPHS'si kabul etti; kabul delili burada yok.", English: "Accepted by the sender's provider; its evidence is not here."}
		}
		return rem.Text{Turkish: "Göndericinin KEPHS'si iletiyi kabul etti.", English: "The sender's provider accepted the message."}
	case key{Submitted, Failed}:
		return rem.Text{Turkish: "Göndericinin KEPHS'si iletiyi reddetti.", English: "The sender's provider refused the message."}
	case key{TakenOver, Done}:
		return rem.Text{Turkish: "Alıcının KEPHS'si iletiyi devraldı.", English: "The recipient's provider took the message over."}
	case key{TakenOver, Failed}:
		return rem.Text{Turkish: "İleti alıcının KEPHS'sine geçmedi.", English: "The message did not pass to the recipient's provider."}
	case key{TakenOver, Awaited}:
		if state == message.Asked {
			return rem.Text{Turkish: "İletildi; alıcının KEPHS'sinin yanıtı bekleniyor.", English: "Handed over; the answer of the recipient's provider is awaited."}
		}
		return rem.Text{Turkish: "İletiliyor; alıcının KEPHS'sinin devralması bekleniyor.", English: "On its way; the recipient's provider is to take it over."}
	case key{InMailbox, Done}:
		return rem.Text{Turkish: "İleti alıcının kutusuna kondu.", English: "The message was put into the recipient's mailbox."}
	case key{InMailbox, Failed}:
		return rem.Text{Turkish: "İleti alıcının kutusuna konulamadı.", English: "The message could not be put into the recipient's mailbox."}
	case key{InMailbox, Awaited}:
		return rem.Text{Turkish: "Kutuya konması bekleniyor.", English: "It is to be put into the mailbox."}
	case key{Read, Done}:
		return rem.Text{Turkish: "Alıcı iletiyi açtı.", English: "The recipient opened the message."}
	case key{Read, Failed}:
		return rem.Text{Turkish: "Alıcı iletiyi süresi içinde açmadı; ileti kutusundadır.", English: "The recipient did not open it in time; it is in his mailbox."}
	case key{Read, Awaited}:
		return rem.Text{Turkish: "Alıcının açması bekleniyor.", English: "The recipient is to open it."}
	}
	return rem.Text{Turkish: "Bu adım hakkında bilgi gelmedi; gerçekleşmiş olabilir.", English: "No information about this step came; it may have happened."}
}
