// Printing needs a script, so the button is shown where scripts run. On paper nothing stays folded.
const button = document.getElementById('print')
button.hidden = false
button.addEventListener('click', () => window.print())
window.addEventListener('beforeprint', () => {
  for (const each of document.querySelectorAll('details')) each.open = true
})
