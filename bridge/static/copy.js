// A button beside each value that is pasted elsewhere: into a banking app, into WordPress. Without a script, one press on the value selects it.
"use strict";

for (const value of document.querySelectorAll("[data-copy]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = value.dataset.style || "copy";
  button.textContent = value.dataset.label;
  button.setAttribute("aria-label", `${value.dataset.label}: ${value.textContent}`);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(value.dataset.copy);
      button.textContent = value.dataset.done;
    } catch {
      // Not allowed here: select it, so that one key copies it.
      window.getSelection().selectAllChildren(value);
    }
  });
  value.after(" ", button);
}
