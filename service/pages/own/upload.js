// Sends the file with true progress: bytes that are sent, then bytes that the service has read, then an honest wait.
// Without this script the form works as it is.
const form = document.getElementById('upload')
const box = document.getElementById('progress')
const bar = document.getElementById('progress-bar')
const words = document.getElementById('progress-words')
const told = document.getElementById('progress-told')
const stop = document.getElementById('progress-stop')
const send = document.getElementById('send')
const title = document.title.replace(/^Error: /, '')
const ASK_AGAIN = 700 // milliseconds
const TELL_AGAIN = 10_000 // milliseconds: how often a screen reader hears how far it is
const LOST = 'The connection was lost before the service answered. Send the file again: it is taken once, however often you send it.'
const UNREADABLE = 'The service answered what this page cannot read, so it is not known whether the file was taken. Send the file again: it is taken once, however often you send it.'

let request = null
let lastTold = 0

const megabytes = (bytes) => (bytes / 1048576).toLocaleString('en-GB', { minimumFractionDigits: 1, maximumFractionDigits: 1 })

function say (text, { part = null, loud = false } = {}) {
  words.textContent = text
  if (part === null) bar.removeAttribute('value')
  else bar.value = part * 100
  const now = Date.now()
  if (loud || now - lastTold > TELL_AGAIN) {
    told.textContent = text
    lastTold = now
  }
}

function busy (isBusy) {
  box.hidden = !isBusy
  send.hidden = isBusy
  form.toggleAttribute('aria-busy', isBusy)
  for (const each of form.querySelectorAll('.govuk-form-group')) each.inert = isBusy
  if (isBusy) window.addEventListener('beforeunload', stay)
  else window.removeEventListener('beforeunload', stay)
}

function stay (event) {
  event.preventDefault()
}

function forget () {
  document.querySelector('.govuk-error-summary')?.closest('.govuk-grid-row').remove()
  for (const each of form.querySelectorAll('.govuk-error-message')) each.remove()
  for (const each of form.querySelectorAll('.govuk-form-group--error')) each.classList.remove('govuk-form-group--error')
  document.title = title
}

function element (tag, className, ...inside) {
  const made = document.createElement(tag)
  made.className = className
  made.append(...inside)
  return made
}

// The same summary as the service makes, above the heading; what was chosen stays chosen.
function show (errors) {
  busy(false)
  forget()
  const list = element('ul', 'govuk-list govuk-error-summary__list')
  for (const each of errors) {
    const link = element('a', '', each.text)
    link.href = each.href
    list.append(element('li', '', link))
    const field = document.getElementById(each.href.slice(1))
    const group = field?.closest('.govuk-form-group')
    if (!group) continue
    group.classList.add('govuk-form-group--error')
    const message = element('p', 'govuk-error-message', element('span', 'govuk-visually-hidden', 'Error: '), each.text)
    const above = group.querySelector('.govuk-hint:not(.govuk-radios__hint)') ?? group.querySelector('legend, label')
    above?.after(message)
  }
  const alert = element('div', '', element('h2', 'govuk-error-summary__title', 'There is a problem'), element('div', 'govuk-error-summary__body', list))
  alert.setAttribute('role', 'alert')
  const summary = element('div', 'govuk-error-summary', alert)
  summary.tabIndex = -1
  const row = element('div', 'govuk-grid-row', element('div', 'govuk-grid-column-two-thirds', summary))
  document.getElementById('main-content').prepend(row)
  document.title = `Error: ${title}`
  summary.focus()
}

function problem (text) {
  show([{ text, href: '#file' }])
}

// While the service reads the file it says how far it is; the rules then run over all rows at once.
async function follow (sent, key) {
  while (request === sent && sent.readyState !== XMLHttpRequest.DONE) {
    try {
      const answer = await fetch(`${form.dataset.progress}/${key}`, { headers: { Accept: 'application/json' } })
      if (!answer.ok) throw new Error('how far it is was not told')
      const { read, size } = await answer.json()
      if (request !== sent || sent.readyState === XMLHttpRequest.DONE) return
      if (size !== null && read < size) {
        say(`The file has arrived whole. Reading it: ${megabytes(read)} of ${megabytes(size)} MB`, { part: read / size })
      } else if (size !== null) {
        say('Every row is read. The rules of the standard are being checked; how long that takes cannot be told.')
      }
    } catch {
      // The answer to the upload itself will say what happened.
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN))
  }
}

function start (submitter) {
  const body = new FormData(form, submitter)
  const chosen = body.get('file')
  forget()
  const sent = new XMLHttpRequest()
  request = sent
  const address = submitter?.getAttribute('formaction') ?? form.getAttribute('action')
  sent.open('POST', address)
  sent.setRequestHeader('Accept', 'application/json')
  sent.upload.addEventListener('progress', (event) => {
    if (!event.lengthComputable) return
    say(`Sending ${chosen.name}: ${megabytes(event.loaded)} of ${megabytes(event.total)} MB`, { part: event.loaded / event.total })
  })
  sent.upload.addEventListener('load', () => {
    stop.hidden = true
    say('The file has arrived whole. It is being read and checked.', { loud: true })
    follow(sent, body.get('key'))
  })
  sent.addEventListener('load', () => finish(sent, address))
  sent.addEventListener('error', () => problem(LOST))
  sent.addEventListener('abort', () => problem('You stopped the upload. Nothing of it was stored.'))
  stop.hidden = false
  busy(true)
  say(`Sending ${chosen.name}`, { part: 0, loud: true })
  sent.send(body)
}

function finish (sent, address) {
  let answer = null
  try {
    answer = JSON.parse(sent.responseText)
  } catch {
    // A page: most likely of signing in, where an upload leads once the session has ended. It says what happened.
    if (new URL(sent.responseURL).pathname !== address) return leave(sent.responseURL)
  }
  if (answer?.key) form.elements.key.value = answer.key
  if (answer?.next) leave(answer.next)
  else if (Array.isArray(answer?.errors)) show(answer.errors)
  else problem(UNREADABLE)
}

function leave (address) {
  window.removeEventListener('beforeunload', stay)
  location.assign(address)
}

form.addEventListener('submit', (event) => {
  const file = form.querySelector('input[type=file]').files[0]
  event.preventDefault()
  if (!box.hidden) return
  if (!file) problem('Choose a file')
  else if (file.size === 0) problem('The file is empty. Choose the file that holds your rows.')
  else if (file.size > Number(form.dataset.most)) problem(`The file is larger than ${form.dataset.mostWords}. Send it in several files.`)
  else start(event.submitter)
})

stop.addEventListener('click', () => request?.abort())
