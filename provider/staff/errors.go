package staff

import "rem"

// What the book refuses. Each is a *rem.Refusal; errors.Is tells them apart.
var (
	ErrNobody         = refuse("İşlemi yapan veya ilgili gerçek kişi belirtilmedi.", "It does not say which natural person acts, or whom it is about.")
	ErrFounded        = refuse("Personel yöneticisi var; ilk kişi yalnızca bir kez eklenir.", "There is a manager of staff; the first person is made once.")
	ErrForm           = refuse("Bilgiler eksik veya birbiriyle uyuşmuyor.", "Something is missing, or does not fit together.")
	ErrNotManager     = refuse("Bu işlem için personel yöneticisi olmak gerekir.", "This takes a manager of staff.")
	ErrNotInService   = refuse("Bu kişi görevde değil.", "This person is not in service.")
	ErrNoProposal     = refuse("Bekleyen böyle bir öneri yok veya süresi doldu.", "No such proposal is waiting, or its time is over.")
	ErrProposerGone   = refuse("Öneriyi yapan kişi artık personel yöneticisi değil.", "Who proposed it is no longer a manager of staff.")
	ErrOwnProposal    = refuse("Öneriyi yapan kişi onaylayamaz; ikinci bir kişi gerekir.", "Who proposed it cannot confirm it; a second person is needed.")
	ErrOwnAppointment = refuse("Kişi kendi görevlendirmesini onaylayamaz.", "Nobody confirms his own appointment.")
	ErrInstitution    = refuse("Kurum görevlisinin yalnızca bu rolü olabilir; bir kurumu belirtilmelidir.", "Who is of an institution has this role alone, and his institution is named.")
	ErrNotBeside      = refuse("Kişide bu rol zaten var ya da bu rol diğer rolüyle birlikte verilemez.", "The person has this role already, or it cannot be given beside another one.")
	ErrNoRole         = refuse("Kişinin bu rolü yok.", "The person does not have this role.")
	ErrLastManager    = refuse("Son personel yöneticisi ayrılamaz; önce yenisi görevlendirilmelidir.", "The last manager of staff cannot go; appoint another one first.")
	ErrLastButOne     = refuse("Geriye tek yönetici kalacaksa bu işlem yalnızca sunucuda yapılabilir.", "Where one manager would be left, this is done on the machine alone.")
	ErrLastHolder     = refuse("Bu roldeki son kişi; yine de sona erdirmek için bunu ayrıca belirtin.", "He is the last one in this role; say so if it is to end anyway.")
	ErrOwnTraining    = refuse("Kimse kendi eğitimini kaydedemez.", "Nobody records his own training.")
	ErrHimself        = refuse("Bunu yalnızca ilgili kişi yapabilir veya kişi bunu kendisi için yapamaz.", "This is for the person himself alone, or not for himself.")
	ErrOtherPolicy    = refuse("Onaylanan metin, yayımlanan son sürüm değil.", "The text acknowledged is not the newest version published.")
	ErrInvitation     = refuse("Davet geçersiz, kullanılmış veya süresi dolmuş.", "The invitation is unknown, used or over.")

	// Of the gate.
	ErrNoAct       = refuse("Bu kişi bu işlemi yapmaya yetkili değil.", "This person may not do this.")
	ErrUntrained   = refuse("Veri koruma eğitimi geçerli değil; yenilenene kadar işlem yapılamaz.", "Data protection training is not valid; nothing can be done until it is renewed.")
	ErrUnbound     = refuse("Politikanın yürürlükteki sürümü onaylanmadı.", "The policy in force has not been acknowledged.")
	ErrNoPolicy    = refuse("Onaylanması gereken politika henüz yayımlanmadı.", "The policy that has to be acknowledged is not published yet.")
	ErrOpensNobody = refuse("Bu rol kişisel veri açamaz.", "This role opens no personal data.")
)

func refuse(turkish, english string) error {
	return rem.Refuse(rem.PolicyViolation, turkish, english)
}
