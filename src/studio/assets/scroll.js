// A table body that scrolls without end. Rows come from the server in pieces; only those in sight are in the document,
// and of pieces far away only the cursor is kept, with which they are asked for again.

/** Rows above and below what is in sight. */
const MARGIN = 30;
/** Rows of a piece. */
const PIECE = 100;
/** Pieces of which the rows are kept. */
const KEPT = 60;

export class Scroller {
  /**
   * `body` is a tbody with the first piece in it. `fetchPiece(cursor, limit)` gives `{html, next, total}`, `drawn(row)` is
   * called with each row that comes into the document.
   */
  constructor(body, { next, fetchPiece, drawn, told }) {
    Object.assign(this, { body, fetchPiece, drawn, told });
    this.above = this.space();
    this.below = this.space();
    this.reset([...body.rows], next);
    const draw = () => this.schedule();
    addEventListener("scroll", draw, { passive: true });
    addEventListener("resize", () => { this.height = 0; this.schedule(); });
  }

  space() {
    const row = document.createElement("tr");
    row.className = "space";
    row.setAttribute("aria-hidden", "true");
    row.append(document.createElement("td"));
    return row;
  }

  /** Begins anew with the rows of a first piece. */
  reset(rows, next) {
    this.pieces = [{ cursor: null, first: 0, count: rows.length, html: rows.map((row) => row.outerHTML), ids: rows.map((row) => row.dataset.id) }];
    this.next = next;
    this.generation = (this.generation ?? 0) + 1;
    this.loading = null;
    this.shown = new Map();
    this.body.replaceChildren(this.above, this.below);
    this.draw();
  }

  get count() {
    const last = this.pieces[this.pieces.length - 1];
    return last.first + last.count;
  }

  get ended() {
    return this.next === null;
  }

  pieceOf(index) {
    let [low, high] = [0, this.pieces.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.pieces[middle].first <= index) low = middle;
      else high = middle - 1;
    }
    return this.pieces[low];
  }

  idAt(index) {
    const piece = this.pieceOf(index);
    return piece.ids[index - piece.first];
  }

  indexOf(id) {
    for (const piece of this.pieces) {
      const at = piece.ids.indexOf(id);
      if (at >= 0) return piece.first + at;
    }
    return -1;
  }

  /** Loads the next piece; resolves when it is there, to whether there was one. */
  async more() {
    if (this.ended) return false;
    this.loading ??= this.load().finally(() => { this.loading = null; });
    return this.loading;
  }

  async load() {
    const generation = this.generation;
    const cursor = this.next;
    const piece = await this.fetchPiece(cursor, PIECE);
    if (generation !== this.generation) return false;
    const { html, ids } = split(piece.html);
    this.pieces.push({ cursor, first: this.count, count: ids.length, html, ids });
    this.next = piece.next;
    this.told?.(piece.total);
    this.draw();
    return true;
  }

  /** Rows that were given up come again. */
  async again(piece) {
    if (piece.coming) return;
    piece.coming = true;
    const generation = this.generation;
    try {
      const answer = await this.fetchPiece(piece.cursor, piece.count);
      if (generation !== this.generation) return;
      const { html, ids } = split(answer.html);
      piece.html = piece.ids.map((id) => html[ids.indexOf(id)] ?? empty(id));
      this.shown.forEach((row, index) => { if (index >= piece.first && index < piece.first + piece.count) { row.remove(); this.shown.delete(index); } });
      this.draw();
    } finally {
      piece.coming = false;
    }
  }

  schedule() {
    this.frame ??= requestAnimationFrame(() => { this.frame = null; this.draw(); });
  }

  draw() {
    if (!this.height) {
      this.height = this.measure();
    }
    const top = this.body.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / this.height) - MARGIN);
    const last = Math.min(this.count, Math.ceil((innerHeight - top) / this.height) + MARGIN);
    for (const [index, row] of this.shown) {
      if (index < first || index >= last) { row.remove(); this.shown.delete(index); }
    }
    let after = this.above;
    for (let index = first; index < last; index++) {
      let row = this.shown.get(index);
      if (!row) {
        row = this.make(index);
        after.after(row);
        this.shown.set(index, row);
        this.drawn?.(row, index);
      }
      after = row;
    }
    this.stretch(this.above, first);
    this.stretch(this.below, Math.max(0, this.count - Math.max(first, last)));
    this.forget(first, last);
    if (!this.ended && last + MARGIN >= this.count) this.more().catch((err) => this.failed?.(err));
  }

  stretch(space, rows) {
    space.hidden = rows === 0;
    space.firstChild.style.height = `${rows * this.height}px`;
  }

  measure() {
    const row = this.shown.values().next().value ?? (this.count ? this.make(0) : null);
    if (!row) return 30;
    const there = row.isConnected;
    if (!there) this.above.after(row);
    const height = row.getBoundingClientRect().height || 30;
    if (!there) row.remove();
    return height;
  }

  make(index) {
    const piece = this.pieceOf(index);
    piece.used = performance.now();
    if (!piece.html) this.again(piece).catch((err) => this.failed?.(err));
    const html = piece.html ? piece.html[index - piece.first] : empty(piece.ids[index - piece.first]);
    const row = element(html);
    row.setAttribute("aria-rowindex", index + 2);
    return row;
  }

  /** Of a long list the rows out of sight are given up. */
  forget(first, last) {
    if (this.pieces.length <= KEPT) return;
    const far = this.pieces.filter((piece) => piece.html && (piece.first + piece.count < first || piece.first > last));
    far.sort((a, b) => (a.used ?? 0) - (b.used ?? 0));
    for (const piece of far.slice(0, Math.max(0, far.length - KEPT))) piece.html = null;
  }

  /** Puts the row `index` in sight. */
  reveal(index) {
    const top = this.body.getBoundingClientRect().top + index * this.height;
    const [over, under] = [90, innerHeight - 60];
    if (top < over) scrollBy({ top: top - over });
    else if (top + this.height > under) scrollBy({ top: top + this.height - under });
    this.draw();
    return this.shown.get(index);
  }
}

/** The rows of a piece, and the runs that they are of. */
function split(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const rows = [...holder.content.querySelectorAll("tr")];
  return { html: rows.map((row) => row.outerHTML), ids: rows.map((row) => row.dataset.id) };
}

/** In place of a row that is on its way, or gone. */
function empty(id) {
  return `<tr data-id="${id}"><td></td></tr>`;
}

function element(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content.firstElementChild;
}
