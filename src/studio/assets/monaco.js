// What a foreign front end (`--ui`) may use to show a file, in place of the editor that it would load from another host:
// as much of Monaco's interface as a viewer needs. Text with line numbers, nothing else. A front end that brings its own
// editor replaces it.

(() => {
  /** Lines from which numbers would cost more than they help. */
  const MANY = 50_000;
  const nothing = { dispose() {} };

  function model(value, language, uri = null) {
    const told = new Set();
    return {
      uri,
      getValue: () => value,
      setValue(text) { value = text; told.forEach((tell) => tell()); },
      getFullModelRange: () => null,
      onDidChangeContent(tell) { told.add(tell); return { dispose: () => told.delete(tell) }; },
      dispose: () => told.clear(),
    };
  }

  function create(place, options = {}) {
    const [box, numbers, text] = ["div", "pre", "pre"].map((name) => document.createElement(name));
    Object.assign(box.style, { display: "flex", height: "100%", overflow: "auto", font: "13px/1.5 ui-monospace, monospace", padding: "12px 0", boxSizing: "border-box" });
    Object.assign(numbers.style, { flex: "none", textAlign: "right", padding: "0 12px", margin: "0", opacity: "0.5", userSelect: "none" });
    Object.assign(text.style, { margin: "0", paddingRight: "12px", whiteSpace: "pre" });
    numbers.setAttribute("aria-hidden", "true");
    box.tabIndex = 0;
    box.append(numbers, text);
    place.append(box);
    let [shown, listening] = [null, nothing];
    function draw() {
      const value = shown?.getValue() ?? "";
      const lines = value.split("\n").length - (value.endsWith("\n") ? 1 : 0);
      text.textContent = value;
      numbers.textContent = lines < MANY ? Array.from({ length: lines }, (_, at) => at + 1).join("\n") : "";
    }
    const editor = {
      getModel: () => shown,
      setModel(next) {
        listening.dispose();
        shown = next;
        listening = next?.onDidChangeContent(draw) ?? nothing;
        draw();
      },
      getValue: () => shown?.getValue() ?? "",
      setValue: (value) => shown?.setValue(value),
      // Whatever is asked: nothing can be written.
      getOption: () => true,
      updateOptions() {},
      saveViewState: () => null,
      restoreViewState() {},
      revealLine() {},
      layout() {},
      focus: () => box.focus(),
      onDidChangeModelContent: () => nothing,
      dispose() { listening.dispose(); box.remove(); },
    };
    editor.setModel(options.model ?? null);
    return editor;
  }

  window.monaco ??= {
    editor: {
      create,
      createModel: model,
      getModel: () => null,
      setTheme() {},
      setModelLanguage() {},
      onDidChangeMarkers: () => nothing,
      getModelMarkers: () => [],
      EditorOption: { readOnly: 0 },
    },
    Uri: { parse: (path) => ({ path }) },
  };
})();
