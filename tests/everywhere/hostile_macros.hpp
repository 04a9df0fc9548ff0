// Macros of systems' headers: windows.h without NOMINMAX, X11, sysmacros.h. First the standard library, which would take
// `min` and `max` back.
#pragma once

#include <bits/stdc++.h>

#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define small char
#define near
#define far
#define interface struct
#define IN
#define OUT
#define OPTIONAL
#define CONST const
#define VOID void
#define ERROR 0
#define NO_ERROR 0L
#define TRUE 1
#define FALSE 0
#define DELETE (0x00010000L)
#define IGNORE 0
#define STRICT 1
#define INFINITE 0xFFFFFFFF
#define ABSOLUTE 1
#define RELATIVE 2
#define TRANSPARENT 1
#define OPAQUE 2
#define DOMAIN 1
#define OVERFLOW 3
#define UNDERFLOW 4
#define GetObject GetObjectA
#define CreateFile CreateFileA
#define DeleteFile DeleteFileA
#define LoadImage LoadImageA
#define None 0L
#define Bool int
#define Status int
#define True 1
#define False 0
#define Success 0
#define Always 2
#define Above 0
#define Below 1
#define Complex 0
#define Convex 2
#define Unsorted 0
#define major(device) 0
#define minor(device) 0
#define unix 1
#define linux 1
#define DEBUG 1
