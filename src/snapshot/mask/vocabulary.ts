/**
 * Words that stay readable in masked text, because they say how something failed and never whom it concerned: the
 * language of Python, HTTP, sockets, PostgreSQL and Odoo errors. Everything else is masked, also words of everyday
 * language: names are made of those. Left out on purpose is what is also a name (Max, Mark, Grant, Will) or tells of a
 * business (bank, invoice, customer). Adding a word here changes how that word is masked under every key.
 */

const LISTS = [
  // Glue.
  `the a an of in on at to from by for with without and or not no is are was were be been has have had does did
   do it its this that these those there which while when where after before during until than then as if else
   only any all another more most less least other same such too very both each every none null some`,
  // Python.
  `traceback recent call last file line module true false self cls kwargs args lambda str int float bool dict list
   tuple set bytes object attribute type value key index name keyword argument arguments positional required
   missing unexpected got given expected takes must cannot could should would iterable callable subscriptable
   hashable unhashable instance function method methods class import imported local variable referenced assignment
   division zero recursion depth exceeded maximum comparison invalid literal base syntax indentation decode encode
   codec byte position ordinal range unicode ascii utf character characters string strings integer integers
   number numbers argument nonetype datetime date time timedelta isoformat timestamp etree element json xml
   builtins errno raise raised raising caught exception exceptions direct cause following handling above occurred`,
  `error errors warning failure failed fail fails success successful successfully retry retries retried retryable
   exceeded attempt attempts again later abort aborted cancel cancelled canceled canceling due interrupted
   keyerror valueerror typeerror indexerror attributeerror nameerror ioerror oserror runtimeerror memoryerror
   zerodivisionerror assertionerror importerror modulenotfounderror notimplementederror recursionerror
   stopiteration unicodedecodeerror unicodeencodeerror filenotfounderror permissionerror timeouterror
   connectionerror connectionreseterror connectionrefusederror connectionabortederror brokenpipeerror
   jsondecodeerror overflowerror systemexit keyboardinterrupt lookuperror eoferror`,
  // HTTP and sockets.
  `http https httpsconnectionpool httpconnectionpool httpconnection httpsconnection newconnectionerror
   connecttimeouterror readtimeouterror maxretryerror protocolerror remotedisconnected sslerror proxyerror
   httperror readtimeout connecttimeout responseerror chunkedencodingerror locationparseerror connection connections
   connect connected connecting disconnect disconnected refused reset closed close peer broken pipe timed timeout
   out read reading write writing operation host hostname port url urls request requests response responses remote
   end socket server servers client clients unreachable network resolve resolution temporary temporarily
   unavailable service services bad gateway internal unauthorized forbidden found conflict unprocessable entity
   entities many gone moved permanently payload large media unsupported status code reason header headers body
   content length empty establish new certificate verify verification expired handshake protocol version ssl tls
   proxy redirect redirects pool caused chunk chunks unexpectedly incomplete get post put patch delete head options
   api endpoint webhook smtp smtpserverdisconnected imap ftp sftp dns gaierror errno reply greeting relay`,
  // PostgreSQL.
  `psycopg odoo openerp serialize serialization access concurrent update updates insert inserts select statement
   transaction transactions current commands ignored block deadlock detected detail hint context process waits
   sharelock exclusivelock relation table tables column columns row rows tuple constraint unique duplicate violates
   violation foreign check integrityerror operationalerror programmingerror dataerror interfaceerror databaseerror
   serializationfailure deadlockdetected locknotavailable querycanceled query database databases cursor already
   exist exists nul lock locks locked available obtain nowait terminating administrator command shared memory
   sufficient privileges permission denied readonly recovery`,
  // Odoo and its queue.
  `record records recordset model models field fields deleted user company companies environment registry
   usererror validationerror accesserror missingerror redirectwarning accessdenied failedjoberror
   retryablejoberror nothingtodojob jobfounddead concurrencyerror job jobs queue channel channels identity dead
   manually done set cancelled pending enqueued started waiting state states active inactive enabled disabled
   mandatory allowed allow operation operations restricted rights rule rules security group groups action actions
   view views widget template templates report reports mail message messages attachment attachments
   cron scheduler worker workers limit limits reached cpu soft hard seconds second minutes minute hours hour days
   day bytes virtual real addons create created creating write written unlink browse search ensure singleton
   compute computed default defaults depends onchange ids uid ok skipped processed lines`,
  // Places on a disk.
  `opt usr var lib srv tmp etc mnt home bin src venv env site dist packages python local share data extra
   enterprise community frozen stdin eval doctest main init utils tools tests controllers wizard wizards`,
]

/**
 * `t` between digits belongs to a time, `x` behind a zero to a hexadecimal number, `root` begins every channel: these
 * mean something to who reads signatures and channels, so nothing else may become one of them.
 */
const FIXED = ['t', 'x', 'root']

const WORDS: ReadonlySet<string> = new Set([...LISTS.join(' ').split(/\s+/), ...FIXED])

/** `word` is in lower case. */
export function isTechnical(word: string): boolean {
  return WORDS.has(word)
}
