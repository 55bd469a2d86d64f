/* Playing one side of a recorded conversation. */
#include "proto/play.h"

static const struct block *block(const struct play *p, size_t i)
{
	return i < p->rec->n ? &p->rec->block[i] : NULL;
}

/* Said by somebody, it can be heard: an end is for us alone to say, and of a stream
 * nothing is nothing. */
static bool matters(const struct play *p, const struct block *b, bool ours)
{
	return b->end ? ours : b->len || p->messages;
}

/* The first block from i on that we say, or that is to be heard. */
static size_t next(const struct play *p, size_t i, bool ours)
{
	const bool server = ours != p->client;
	const struct block *b;

	while ((b = block(p, i)) && (b->server != server || !matters(p, b, ours)))
		i++;
	return i;
}

/* Empty: *data stays as it is. */
static size_t rest(const struct play *p, const struct block *b, size_t done,
		   const unsigned char **data)
{
	if (b->len > done)
		*data = p->rec->bytes.data + b->at + done;
	return b->len - done;
}

void play_init(struct play *p, bool deaf)
{
	p->in = deaf ? p->rec->n : next(p, 0, false);
	p->out = next(p, 0, true);
	p->heard = p->said = p->newlines = 0;
	p->bytes = 0;
}

/* ---- saying ------------------------------------------------------------------ */

const struct block *play_speaks(const struct play *p)
{
	return p->out < p->in ? block(p, p->out) : NULL;
}

uint64_t play_pause(const struct play *p)
{
	const uint64_t before = p->out ? block(p, p->out - 1)->usec : 0;

	return block(p, p->out)->usec - before;
}

size_t play_line(const struct play *p, const unsigned char **data)
{
	return rest(p, block(p, p->out), p->said, data);
}

void play_said(struct play *p, size_t n)
{
	p->said += n;
	if (p->said < block(p, p->out)->len)
		return;
	p->out = next(p, p->out + 1, true);
	p->said = 0;
}

/* ---- hearing ----------------------------------------------------------------- */

const struct block *play_listens(const struct play *p)
{
	return block(p, p->in);
}

size_t play_expects(const struct play *p, const unsigned char **data)
{
	return rest(p, block(p, p->in), p->heard, data);
}

static void heard_all(struct play *p)
{
	p->in = next(p, p->in + 1, false);
	p->heard = 0;
}

/* How many bytes at the beginning are the same. */
static size_t common(const unsigned char *a, const unsigned char *b, size_t len)
{
	size_t n = 0;

	while (n < len && a[n] == b[n])
		n++;
	return n;
}

/* Of a stream only the bytes count, of messages also where they end. */
static bool hear_strictly(struct play *p, const unsigned char *from, size_t len,
			  size_t *right)
{
	*right = 0;
	do {
		const unsigned char *want = from;
		size_t left, n, same;

		if (!play_listens(p))
			return false;
		left = play_expects(p, &want);
		n = len - *right < left ? len - *right : left;
		same = common(want, from + *right, n);
		p->heard += same;
		p->bytes += same;
		*right += same;
		if (same < n || (p->messages && len != left))
			return false;
		if (n == left)
			heard_all(p);
	} while (*right < len);
	return true;
}

/* The last block of what the other side says before we have to answer. */
static size_t last_of_turn(const struct play *p)
{
	const size_t answer = next(p, p->in, true);
	size_t last = p->in, i;

	while ((i = next(p, last + 1, false)) < answer)
		last = i;
	return last;
}

/* How many line ends stand at the end of a block, whether with CR or without. */
static size_t closing(const struct play *p, const struct block *b)
{
	const unsigned char *data = p->rec->bytes.data + b->at;
	size_t n = 0;

	for (size_t i = b->len; i-- > 0 && (data[i] == '\n' || data[i] == '\r');)
		n += data[i] == '\n';
	return n;
}

/* Returns how many bytes are of this turn. */
static size_t hear_turn(struct play *p, const unsigned char *from, size_t len)
{
	const size_t last = last_of_turn(p), n = closing(p, block(p, last));
	size_t i = 0;

	while (n && i < len && p->newlines < n) {
		const unsigned char c = from[i++];

		p->newlines = c == '\n' ? p->newlines + 1 : c == '\r' ? p->newlines : 0;
	}
	if (p->newlines < n)
		return len;
	p->newlines = 0;
	p->in = next(p, last + 1, false);
	return n ? i : len;
}

static void hear_loosely(struct play *p, const unsigned char *from, size_t len)
{
	p->bytes += len;
	if (p->messages && play_listens(p))
		heard_all(p);
	while (!p->messages && len && play_listens(p)) {
		const size_t n = hear_turn(p, from, len);

		from += n;
		len -= n;
	}
}

bool play_hear(struct play *p, const unsigned char *from, size_t len, size_t *right)
{
	if (!p->loose)
		return hear_strictly(p, from, len, right);
	hear_loosely(p, from, len);
	*right = len;
	return true;
}
