// What every page loads, once.
//
// The pages are served under a Content-Security-Policy without inline scripts, inline styles and eval. htmx 4 keeps
// to that as long as no page uses the few things that it hands to `new Function`, which the policy would refuse:
//   hx-on, hx-on:*; "js:" in hx-vals, hx-headers and hx-confirm; "javascript:" as an action; filters "[...]" in
//   hx-trigger; hx-live.
// Listen with addEventListener here instead. What keeps to the policy without any setting:
//   includeIndicatorCSS  htmx makes its indicator styles as a constructed style sheet, which style-src does not touch
//   mode                 "same-origin": htmx asks no other host
//   inlineScriptNonce    unset: a <script> inside swapped content never runs
// A page that needs other settings says so in <meta name="htmx-config" content="..."> before this file: htmx reads it
// while it is loaded, so nothing set here could come in time.

import "htmx.org"; // also sets window.htmx, on which the extension registers itself as "sse"
import "htmx.org/dist/ext/hx-sse.js";

// The two modules above have set this.
const { htmx } = window;

const SECOND = 1000;
const POLL_EVERY = 2 * SECOND;
// After Connect was submitted into its new tab, how long this page looks whether an approval is pending now.
const LOOK_AFTER_CONNECT = 60 * SECOND;

let lookUntil = 0;

// Asks for the state of the connection while an approval is pending, never from a tab that nobody sees.
function poll() {
  const connection = document.getElementById("connection");
  if (!connection || document.hidden) return;
  if (connection.querySelector("[data-poll]") || Date.now() < lookUntil) htmx.trigger(connection, "poll");
}

setInterval(poll, POLL_EVERY);
window.addEventListener("focus", poll);
document.addEventListener("visibilitychange", poll);
document.addEventListener("submit", (event) => {
  if (event.target.matches("form[data-connect]")) lookUntil = Date.now() + LOOK_AFTER_CONNECT;
});

// A part that was swapped in may change what the page is about, or lead on to another one; it says so itself.
document.addEventListener("htmx:after:swap", () => {
  const title = document.querySelector("main [data-title]")?.dataset.title;
  if (title) document.title = title;
  const next = document.querySelector("main [data-next]")?.dataset.next;
  if (next) window.location.replace(next);
});

// Keeps relative times true while a page stays open; says what rendering.relative says on the server.
const UNITS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
];

function relative(seconds) {
  const span = Math.abs(seconds);
  const [name, length] = UNITS.find(([, size]) => span >= size) ?? [];
  if (!name) return seconds >= 0 ? "just now" : "in a moment";
  const amount = Math.floor(span / length);
  const words = `${amount} ${name}${amount === 1 ? "" : "s"}`;
  return seconds > 0 ? `${words} ago` : `in ${words}`;
}

setInterval(() => {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const words = relative((Date.now() - Date.parse(time.dateTime)) / SECOND);
    if (time.textContent !== words) time.textContent = words;
  }
}, 20 * SECOND);
