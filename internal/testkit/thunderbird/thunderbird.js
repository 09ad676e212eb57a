// What a script of a test finds in Thunderbird.
const { MailServices } = ChromeUtils.importESModule("resource:///modules/MailServices.sys.mjs");
const main = Services.wm.getMostRecentWindow("mail:3pane");

// until waits for what happens by itself; a test fails when it does not.
const until = async (what, is) => {
  for (const end = Date.now() + 60000; ; ) {
    const got = await is();
    if (got) return got;
    if (Date.now() > end) throw new Error("it did not happen: " + what);
    await new Promise(done => main.setTimeout(done, 50));
  }
};

// running gives the listener of a command of IMAP, and its end.
const running = () => {
  const { promise, resolve, reject } = Promise.withResolvers();
  return [{
    OnStartRunningUrl() {},
    OnStopRunningUrl(url, status) { status ? reject(new Error("0x" + status.toString(16))) : resolve(); },
    QueryInterface: ChromeUtils.generateQI(["nsIUrlListener"]),
  }, promise];
};

// account makes an account of IMAP, and of submission if there is a server for it.
const account = async ({ address, password, imap, smtp }) => {
  const server = MailServices.accounts.createIncomingServer(address, imap.host, "imap");
  server.port = imap.port;
  server.socketType = Ci.nsMsgSocketType.SSL;
  server.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
  server.password = password;
  server.doBiff = false; // what arrives is told by IDLE alone
  const identity = MailServices.accounts.createIdentity();
  identity.email = address;
  identity.composeHtml = false;
  const made = MailServices.accounts.createAccount();
  made.incomingServer = server;
  made.addIdentity(identity);
  if (smtp) {
    const out = MailServices.outgoingServer.createServer("smtp");
    out.QueryInterface(Ci.nsISmtpServer);
    out.hostname = smtp.host;
    out.port = smtp.port;
    out.socketType = Ci.nsMsgSocketType.SSL;
    out.authMethod = Ci.nsMsgAuthMethod.passwordCleartext;
    out.username = address;
    out.password = password;
    identity.smtpServerKey = out.key;
    MailServices.outgoingServer.defaultServer = out;
  }
  server.performExpand(main.msgWindow);
  await until("the folders are listed", () => folders().length > 1);
};
const server = () => MailServices.accounts.accounts.map(a => a.incomingServer).find(s => s.type == "imap");
const folders = () => server().rootFolder.descendants;
const folder = name => {
  const found = folders().find(f => f.name == name || f.prettyName == name || f.localizedName == name);
  if (!found) throw new Error("there is no folder " + name + " in " + folders().map(f => f.name));
  return found.QueryInterface(Ci.nsIMsgImapMailFolder);
};
// uses are the flags of a folder that say what it is for.
const uses = f => ["Inbox", "SentMail", "Drafts", "Archive", "Trash", "Junk", "Templates"].filter(u => f.getFlag(Ci.nsMsgFolderFlags[u]));
// update selects a folder on the server and gets the headers that are new.
const update = async name => {
  const [listener, ended] = running();
  folder(name).updateFolderWithListener(main.msgWindow, listener);
  await ended;
  return headers(name);
};
const messages = name => [...folder(name).messages];
const headers = name => messages(name).map(h => ({
  subject: h.mime2DecodedSubject, author: h.mime2DecodedAuthor, id: h.messageId, size: h.messageSize,
  read: h.isRead, flagged: h.isFlagged, offline: !!(h.flags & Ci.nsMsgMessageFlags.Offline),
}));
const message = (name, subject) => {
  const found = messages(name).find(h => h.mime2DecodedSubject == subject);
  if (!found) throw new Error("there is no message " + subject + " in " + name);
  return found;
};
// show selects a message in the list, as a click does, and gives the text that the
// message pane then has.
const show = async (name, subject) => {
  const pane = main.gTabmail.currentAbout3Pane;
  await until("the main window", () => pane.document.readyState == "complete" && pane.displayFolder);
  pane.displayFolder(folder(name).URI);
  const header = message(name, subject);
  await until("the list of messages", () => pane.gDBView && pane.gDBView.msgFolder == folder(name));
  pane.threadTree.selectedIndex = await until(subject + " in the list", () => {
    const row = pane.gDBView.findIndexOfMsgHdr(header, true);
    return row != 0xffffffff && String(row);
  });
  return until("the text of " + subject, () => {
    const inner = pane.messageBrowser?.contentWindow;
    const document = inner?.getMessagePaneBrowser?.()?.contentDocument;
    return inner?.gMessage?.messageKey == header.messageKey && document?.readyState == "complete" && document.body?.textContent.trim();
  });
};
const move = async (name, subject, to) => {
  const id = message(name, subject).messageId;
  MailServices.copy.copyMessages(folder(name), [message(name, subject)], folder(to), true, null, main.msgWindow, false);
  await until(subject + " in " + to, () => messages(to).some(h => h.messageId == id) && !messages(name).some(h => h.messageId == id));
};
// search asks the server, as "run search on server" does.
const search = async (name, attribute, text) => {
  const session = Cc["@mozilla.org/messenger/searchSession;1"].createInstance(Ci.nsIMsgSearchSession);
  session.addScopeTerm(Ci.nsMsgSearchScope.onlineMail, folder(name));
  const term = session.createTerm();
  term.attrib = Ci.nsMsgSearchAttrib[attribute];
  term.op = Ci.nsMsgSearchOp.Contains;
  const value = term.value;
  value.attrib = term.attrib;
  value.str = text;
  term.value = value;
  session.appendTerm(term);
  const hits = [];
  const { promise, resolve, reject } = Promise.withResolvers();
  session.registerListener({
    onSearchHit(header) { hits.push(header.mime2DecodedSubject); },
    onSearchDone(status) { status ? reject(new Error("0x" + status.toString(16))) : resolve(); },
    onNewSearch() {},
    QueryInterface: ChromeUtils.generateQI(["nsIMsgSearchNotify"]),
  });
  session.search(main.msgWindow);
  await promise;
  return hits;
};
// compose opens the window of composition with a message.
const compose = async (to, subject, text) => {
  const fields = Cc["@mozilla.org/messengercompose/composefields;1"].createInstance(Ci.nsIMsgCompFields);
  fields.to = to;
  fields.subject = subject;
  fields.body = text;
  const params = Cc["@mozilla.org/messengercompose/composeparams;1"].createInstance(Ci.nsIMsgComposeParams);
  params.identity = MailServices.accounts.allIdentities[0];
  params.composeFields = fields;
  params.type = Ci.nsIMsgCompType.New;
  params.format = Ci.nsIMsgCompFormat.PlainText;
  MailServices.compose.OpenComposeWindowWithParams(null, params);
  return until("the window of composition", () => {
    const w = Services.wm.getMostRecentWindow("msgcompose");
    return w?.gMsgCompose?.editor && !w.gWindowLocked && w.composeEditorReady && w;
  });
};
const drop = win => { win.gMsgCompose.bodyModified = false; win.gContentChanged = false; win.close(); };
// draft saves a message to the folder of drafts and gives what that then has.
const draft = async (to, subject, text) => {
  const win = await compose(to, subject, text);
  await win.GenericSendMessage(Ci.nsIMsgCompDeliverMode.SaveAsDraft);
  await until("the draft", () => messages("Taslaklar").some(h => h.mime2DecodedSubject == subject));
  drop(win);
  return headers("Taslaklar");
};
// sign has the account sign with the key and the certificate of a PKCS #12 file.
const sign = (path, password) => {
  const file = Cc["@mozilla.org/file/local;1"].createInstance(Ci.nsIFile);
  file.initWithPath(path);
  const certificates = Cc["@mozilla.org/security/x509certdb;1"].getService(Ci.nsIX509CertDB);
  const fault = certificates.importPKCS12File(file, password);
  if (fault) throw new Error("the file is not taken: " + fault);
  const own = certificates.getCerts().find(c => c.certType & Ci.nsIX509Cert.USER_CERT);
  const identity = MailServices.accounts.allIdentities[0];
  identity.setUnicharAttribute("signing_cert_name", own.displayName);
  identity.setCharAttribute("signing_cert_dbkey", own.dbKey);
  identity.setBoolAttribute("sign_mail", true);
  return own.displayName;
};
// send writes a message in the window of composition and sends it; "" when it went, and
// otherwise what the program told its user.
const send = async (to, subject, text, { signed } = {}) => {
  const win = await compose(to, subject, text);
  if (signed) {
    win.gSelectedTechnologyIsPGP = false;
    win.gSendSigned = true;
    win.gSendEncrypted = false;
  }
  let told = "";
  const real = Services.prompt;
  Services.prompt = new Proxy({}, { get(_, verb) {
    return ["alert", "alertCheck", "confirm", "confirmEx", "confirmCheck"].includes(verb)
      ? (parent, title, words) => { told += words; return verb == "confirmEx" ? 0 : true; }
      : (typeof real[verb] == "function" ? real[verb].bind(real) : real[verb]);
  } });
  try {
    await win.GenericSendMessage(Ci.nsIMsgCompDeliverMode.Now);
    await until("the end of sending", () => told || win.closed);
  } catch (fault) {
    told ||= String(fault);
  } finally {
    Services.prompt = real;
    if (!win.closed) drop(win);
  }
  return told;
};
