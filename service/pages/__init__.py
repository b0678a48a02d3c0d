"""Pages for people: server-rendered, working without JavaScript, in GOV.UK Design System components."""
