// expect: no matching function for call to
struct Words {};

// The sentence comes, but in more than fifteen lines, so the test of this file must fail.
void say(Words, int);
void say(Words, long);
void say(Words, float);
void say(Words, double);
void say(Words, char);
void say(Words, bool);
void say(Words, short);

void wrong() { say("words", 1); }
