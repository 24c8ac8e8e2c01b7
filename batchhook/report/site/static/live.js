// Keeps a page up to date: whenever the server says that something has changed, htmx fetches what is marked again.
(() => {
  const region = document.querySelector("[data-refresh]");
  if (!region || !window.EventSource) return;
  let isFetching = false, isStale = false;
  const fetchAgain = async () => {
    if (isFetching) { isStale = true; return; }
    const target = document.querySelector(region.dataset.select ?? "#live");
    const address = document.querySelector("[data-refresh]")?.dataset.refresh;
    if (!target || !address) return;
    isFetching = true;
    const select = region.dataset.select;
    try {
      await htmx.ajax("GET", address, { target, select, swap: select ? "outerHTML" : "innerHTML" });
    } finally {
      isFetching = false;
      if (isStale) { isStale = false; fetchAgain(); }
    }
  };
  // Browsers open six connections to a host: a page that is not looked at gives its own back.
  let events = null;
  const follow = () => {
    if (events || document.hidden) return;
    events = new EventSource("/events");
    events.addEventListener("changed", fetchAgain);
    events.addEventListener("open", fetchAgain);
  };
  const rest = () => { events?.close(); events = null; };
  document.addEventListener("visibilitychange", () => (document.hidden ? rest() : follow()));
  window.addEventListener("pagehide", rest);
  window.addEventListener("pageshow", follow);
  follow();
})();
