/* Reports what was shown and what was clicked. Everything personal carries its decision's token in data-token. */
(function () {
  "use strict";
  var tailorbird = window.tailorbird;
  if (!tailorbird) return; // it did not load: the shop goes on without

  var seen = new IntersectionObserver(function (entries) {
    entries.forEach(function (entry) {
      if (!entry.isIntersecting) return;
      seen.unobserve(entry.target);
      tailorbird.trackImpression(entry.target.dataset.token);
    });
  }, { threshold: 0.5 });

  document.querySelectorAll("[data-token]").forEach(function (place) {
    seen.observe(place);
    place.addEventListener("click", function (event) {
      var target = event.target.closest("a, button");
      if (target) tailorbird.trackClick(place.dataset.token, { widget_id: target.dataset.widget || "link" });
    });
  });
})();
