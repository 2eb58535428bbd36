/* Tailorbird for pages: a device id, impressions and clicks. No dependencies, no inline code, nothing but your server.
   <script defer src="https://your.tailorbird/sdk/tailorbird.js" data-key="tbp_..."></script>
   See docs/guides/browser.md. */
(function (window, document) {
  "use strict";
  var UUID = "tb_uuid", QUEUE = "tb_queue", CONSENT = "tb_consent", SECONDS = 400 * 86400;
  /* A beacon holds 64 KB, and a character is up to three bytes. */
  var MOST = 200, BATCH = 50, CHARACTERS = 20000, WAIT = 500, LONGEST = 300000;
  var script = document.currentScript || { src: "", dataset: {} };
  var told = script.dataset;
  var key = told.key || "";
  var url = told.url || (script.src ? new URL(script.src).origin : "");
  var said = "", queue = [], uuid = "", timer = 0, sending = false, failures = 0;

  /* Storage may be forbidden, full or absent: then the page goes on without it. */
  function stored(name, value) {
    try {
      if (value === undefined) return localStorage.getItem(name);
      if (value === null) localStorage.removeItem(name);
      else localStorage.setItem(name, value);
    } catch (error) { /* as if there were none */ }
    return null;
  }

  function cookie(value) {
    if (value === undefined) {
      var found = document.cookie.match(/(?:^|; )tb_uuid=([^;]*)/);
      return found && found[1];
    }
    document.cookie = UUID + "=" + value + ";path=/;max-age=" + (value ? SECONDS : 0) + ";samesite=lax" +
      (told.domain ? ";domain=" + told.domain : "") + (location.protocol === "https:" ? ";secure" : "");
    return value;
  }

  function random() {
    var bytes = crypto.getRandomValues(new Uint8Array(16)), text = "";
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    for (var i = 0; i < 16; i++) text += (i > 3 && i < 11 && i % 2 === 0 ? "-" : "") + (bytes[i] + 256).toString(16).slice(1);
    return text;
  }

  /* yes, no, or unset: not asked yet. Without data-consent="ask" unset means yes. */
  function allowed() {
    var answer = said || stored(CONSENT);
    return answer === "yes" || (answer !== "no" && told.consent !== "ask");
  }

  /* The id of this device, the same in cookie and storage; without consent it is kept for this page only. */
  function getUuid() {
    var valid = /^[\w-]{8,64}$/, kept = "";
    if (allowed()) {
      kept = [cookie(), stored(UUID), uuid].filter(function (one) { return one && valid.test(one); })[0] || random();
      if (stored(UUID) !== kept) stored(UUID, kept);
      if (kept !== uuid || cookie() !== kept) cookie(kept);
    }
    uuid = kept || uuid || random();
    return uuid;
  }

  /* The token of a decision: itself, a decision, a flag's metadata, or a MoEngage context with our token in its cid. */
  function tokenOf(context) {
    if (typeof context === "string") return context;
    var held = context || {};
    var inside = /_AU_[^_]*_(?:[0-9a-f]{8}|0)_(.+)$/.exec(held.cid || "");
    return held.token || (held.metadata && held.metadata.token) || (inside && inside[1]) || undefined;
  }

  function track(name, properties, context) {
    if ((said || stored(CONSENT)) === "no") return false;
    var event = { id: random(), name: name, visitor: { anonymous_id: getUuid() }, time: Date.now(), channel: "web" };
    if (properties) event.properties = properties;
    if (context !== undefined) {
      event.token = tokenOf(context);
      if (!event.token) return false;
    }
    queue.push(event);
    queue = queue.slice(-MOST);
    keep();
    soon(WAIT);
    return true;
  }

  function keep() {
    if (allowed()) stored(QUEUE, queue.length ? JSON.stringify(queue) : null);
  }

  function soon(wait) {
    if (!timer && queue.length) timer = setTimeout(function () { timer = 0; flush(); }, wait);
  }

  function address() {
    return url + "/v1/events?key=" + encodeURIComponent(key);
  }

  function body(events) {
    return JSON.stringify({ events: events });
  }

  /* What goes out together: few enough, small enough, and one in any case. */
  function next() {
    var count = 1;
    while (count < Math.min(BATCH, queue.length) && body(queue.slice(0, count + 1)).length <= CHARACTERS) count++;
    return queue.slice(0, count);
  }

  function drop(events) {
    var ids = events.map(function (one) { return one.id; });
    queue = queue.filter(function (one) { return ids.indexOf(one.id) < 0; });
    keep();
  }

  /* Sent with an answer, so that what failed can be sent again: ids make sure that it counts once. */
  function flush() {
    if (sending || !queue.length || !key || !allowed()) return Promise.resolve();
    var batch = next();
    sending = true;
    return fetch(address(), {
      method: "POST", body: body(batch), credentials: "omit", headers: { "content-type": "text/plain" }
    }).then(function (answer) {
      var again = answer.status === 408 || answer.status === 429 || answer.status >= 500;
      if (!again) drop(batch);
      return again ? 1000 * (Number(answer.headers.get("retry-after")) || 1) : 0;
    }, function () { return 1000; }).then(function (wait) {
      sending = false;
      failures = wait ? failures + 1 : 0;
      soon(wait ? Math.min(LONGEST, wait * Math.pow(2, failures - 1)) : WAIT);
    });
  }

  /* The page is going: nobody waits for an answer, and what was on its way may be cut off, so it goes again. What the
     browser does not take stays for the next page. */
  function leave() {
    if (!queue.length || !key || !allowed() || !navigator.sendBeacon) return;
    while (queue.length) {
      var batch = next();
      if (!navigator.sendBeacon(address(), new Blob([body(batch)], { type: "text/plain" }))) return;
      drop(batch);
    }
  }

  /* true: remember and send, also what was held back; false: forget everything and send nothing. */
  function consent(given) {
    said = given ? "yes" : "no";
    stored(CONSENT, said);
    if (!given) {
      queue = [];
      stored(QUEUE, null);
      stored(UUID, null);
      cookie("");
      uuid = "";
    } else {
      getUuid();
      keep();
      soon(0);
    }
  }

  function trackImpression(context) { return track("impression", null, context || {}); }
  function trackClick(context, extra) { return track("click", extra, context || {}); }
  function trackDismissal(context, extra) { return track("dismissal", extra, context || {}); }

  var api = {
    getUuid: getUuid, trackImpression: trackImpression, trackClick: trackClick,
    trackDismissal: trackDismissal, track: function (name, properties) { return track(name, properties); }, flush: flush, consent: consent
  };
  window.tailorbird = api;
  var other = window.Moengage = window.Moengage || {};
  other.web_p = { trackImpression: trackImpression, trackClick: trackClick };
  other.device = { getUuid: getUuid };

  if (allowed()) {
    try { queue = JSON.parse(stored(QUEUE) || "[]"); } catch (error) { queue = []; }
    if (!Array.isArray(queue)) queue = [];
    getUuid();
    soon(0);
  }
  window.addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", function () { if (document.visibilityState === "hidden") leave(); });
  window.addEventListener("online", function () { failures = 0; flush(); });

  /* Once, when the page's own scripts had their turn. One that is loaded late may have missed DOMContentLoaded. */
  var isReady = false;
  function ready() {
    if (isReady) return;
    isReady = true;
    window.dispatchEvent(new CustomEvent("MOE_LIFECYCLE", { detail: { name: "SDK_INITIALIZED" } }));
  }
  if (document.readyState === "complete") setTimeout(ready);
  window.addEventListener("DOMContentLoaded", ready);
  window.addEventListener("load", ready);
})(window, document);
