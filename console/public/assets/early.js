/* Runs before the page's modules: a press of the static button must not be lost while they load. */
"use strict";
(function () {
  var keys = [" ", "Enter", "F9"];
  function note() {
    window.dispatchEarlyPress = (window.dispatchEarlyPress || 0) + 1;
  }
  function key(event) {
    if (keys.indexOf(event.key) >= 0 && !event.repeat && event.target.id !== "press") note();
  }
  function click(event) {
    if (event.target.closest && event.target.closest(".first-press")) note();
  }
  document.addEventListener("keydown", key);
  document.addEventListener("click", click);
  window.dispatchEarlyEnd = function () {
    document.removeEventListener("keydown", key);
    document.removeEventListener("click", click);
    return window.dispatchEarlyPress || 0;
  };
})();
