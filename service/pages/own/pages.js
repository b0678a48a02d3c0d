// Every page works without this file; it makes some of them pleasanter.
import { initAll } from './govuk-frontend.min.js'

initAll()
