// What pages do better with a script; each of them works without.
"use strict";

// Where one is stays in sight, however narrow the screen: the rows of links scroll sideways by themselves.
const showWhereOneIs = () => {
  for (const here of document.querySelectorAll(".tabs [aria-current], .topics [aria-current]")) {
    here.parentElement.scrollLeft = here.offsetLeft - here.parentElement.offsetLeft - 24;
  }
};
showWhereOneIs();
window.addEventListener("resize", showWhereOneIs);

// A browser that cannot show what is folded where there is room for it is told to open it.
if (window.matchMedia("(min-width: 961px)").matches && !CSS.supports("selector(::details-content)")) {
  for (const fold of document.querySelectorAll("details.fold")) {
    fold.open = true;
  }
}

// What can be done with several rows is unfolded with the first tick, and the row that was ticked stays where it is.
document.addEventListener("change", ({ target }) => {
  const fold = target.checked && target.name === "item" && target.form?.querySelector(".fold:not([open])");
  if (fold) {
    const before = target.getBoundingClientRect().top;
    fold.open = true;
    window.scrollBy({ top: target.getBoundingClientRect().top - before, behavior: "instant" });
  }
});

// The search over everything is one key away: / or Ctrl+K.
document.addEventListener("keydown", (event) => {
  const isTyping = event.target.closest("input, textarea, select, [contenteditable]");
  const asked = event.key === "k" && (event.ctrlKey || event.metaKey);
  const search = document.getElementById("search-all");
  if (search && (asked || (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey))) {
    event.preventDefault();
    search.focus();
    search.select();
  }
});

// Escape puts an enlarged picture of a row away, until the pointer comes again.
document.addEventListener("keydown", (event) => {
  const picture = document.querySelector(".thumbnail:hover");
  if (event.key === "Escape" && picture) {
    picture.classList.add("away");
    picture.addEventListener("pointerleave", () => { picture.classList.remove("away"); }, { once: true });
  }
});

// Tick all rows of the page at once. Without a script they are ticked one by one, or all that the list holds.
for (const all of document.querySelectorAll("input[data-all]")) {
  const rows = document.querySelectorAll(`input[name="${all.dataset.all}"][form="${all.form.id}"]`);
  all.closest("label").hidden = rows.length < 2;
  all.addEventListener("change", () => {
    for (const row of rows) {
      row.checked = all.checked;
    }
  });
}

// What somebody does with the page comes before what it does by itself: a form that was sent, or in which something stands, stays.
let isLeaving = false;
window.addEventListener("pagehide", () => { isLeaving = true; });
const isInUse = () => isLeaving || document.activeElement?.form || [...document.querySelectorAll("main input, main textarea")].some(
  (field) => (field.type === "checkbox" || field.type === "radio" ? field.checked !== field.defaultChecked : field.value !== field.defaultValue),
);

document.addEventListener("submit", (event) => {
  isLeaving = !event.defaultPrevented;
  window.setTimeout(() => { isLeaving = false; }, 60000);  // one that is answered by a file leaves the page where it is
  // Pressing twice asks once.
  for (const button of event.target.querySelectorAll("button[type=submit]")) {
    window.setTimeout(() => { button.disabled = true; }, 0);
  }
});

// A calendar beside each field for a day. The browser's own field, unseen, lends it; what it gives is written as the reader writes days.
for (const field of document.querySelectorAll("input[data-calendar]")) {
  const box = document.createElement("span");
  const calendar = Object.assign(document.createElement("input"), { type: "date", tabIndex: -1 });
  const button = Object.assign(document.createElement("button"), { type: "button", className: "link" });
  const mark = field.placeholder[2];
  box.className = "day-box";
  calendar.setAttribute("aria-hidden", "true");
  button.setAttribute("aria-label", field.dataset.calendar);
  field.replaceWith(box);
  box.append(field, calendar, button);
  button.addEventListener("click", () => {
    const [day, month, year] = field.value.split(" ")[0].split(mark);
    calendar.value = `${year}-${month}-${day}`;
    calendar.showPicker();
  });
  calendar.addEventListener("change", () => {
    const day = calendar.value.split("-").reverse().join(mark);
    const time = "time" in field.dataset ? field.value.split(" ")[1] || "00:00" : "";
    field.value = day && `${day} ${time}`.trim();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
}

// A page that comes back from the browser's memory has its buttons again.
window.addEventListener("pageshow", () => {
  isLeaving = false;
  for (const button of document.querySelectorAll("button[disabled]:not([data-off])")) {
    button.disabled = false;
  }
});

// Tabs that do not fit on a phone begin with the one that is open.
for (const tab of document.querySelectorAll("nav [aria-current]")) {
  const row = tab.parentElement;
  row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
}

// Parts that look again by themselves: <section data-refresh="seconds" id="…">, at data-from where this page is the answer to a form. One that need not look again any more leads to data-then. Nothing moves while somebody reads or types in it.
for (const part of document.querySelectorAll("[data-refresh][id]")) {
  window.setInterval(async () => {
    if (isLeaving || document.hidden || part.contains(document.activeElement)) {
      return;
    }
    try {
      const answer = await fetch(part.dataset.from || window.location.href, { headers: { "X-Refresh": part.id } });
      if (!answer.ok || answer.redirected) {
        return;
      }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(part.id);
      if (isLeaving) {
        return;
      }
      // What was waited for is there, so it waits no longer.
      if (fresh && part.dataset.then && !fresh.dataset.refresh && !isInUse()) {
        window.location.assign(part.dataset.then);
        return;
      }
      if (fresh && fresh.innerHTML !== part.innerHTML) {
        part.replaceChildren(...fresh.childNodes);
      }
    } catch {
      // Away for a moment: the next look tells.
    }
  }, Number(part.dataset.refresh) * 1000);
}

// A page that waits for an answer asks for it more often than the page itself would load again.
const waiting = document.querySelector("[data-wait]");
if (waiting) {
  const ask = async () => {
    try {
      const answer = await fetch(waiting.dataset.wait);
      const state = await answer.json();
      if (state.ready) {
        window.location.replace(state.address);
        return;
      }
      const bar = document.querySelector("progress");
      if (bar && state.of) {
        bar.max = state.of;
        bar.value = state.done;
        const said = document.getElementById("progress-said");
        if (said) {
          said.textContent = `${state.done} / ${state.of}`;
        }
      }
    } catch {
      // The page's own refresh goes on.
    }
    window.setTimeout(ask, 400);
  };
  window.setTimeout(ask, 250);
}

// A form that shows at once what it would look like: <form data-live="id of the picture">.
const live = document.querySelector("form[data-live]");
if (live) {
  const frame = document.getElementById(live.dataset.live);
  const said = document.getElementById("preview-said");
  let turn = 0;
  const look = async () => {
    const mine = ++turn;
    try {
      const fields = new FormData(live);
      fields.set("try", "1");
      const asked = await fetch(live.action, { method: "POST", body: fields, headers: { Accept: "application/json" } });
      if (!asked.ok) {
        return;
      }
      const { state } = await asked.json();
      for (let tries = 0; tries < 60 && mine === turn; tries += 1) {
        await new Promise((resolve) => { window.setTimeout(resolve, 300); });
        const found = await (await fetch(state)).json();
        if (found.ready) {
          if (found.preview && mine === turn) {
            frame.hidden = false;
            frame.querySelector("img").src = found.preview.picture;
            for (const link of frame.querySelectorAll("a")) {
              link.href = found.preview.file;
            }
          } else if (said && found.message) {
            said.textContent = found.message;
          }
          return;
        }
      }
    } catch {
      // The button “Preview” still works.
    }
  };
  live.addEventListener("change", look);
  if (frame.hidden) {
    look();
  }
}
