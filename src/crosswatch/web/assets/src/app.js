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
