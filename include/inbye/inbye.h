/* SPDX-License-Identifier: MIT */
#ifndef INBYE_H
#define INBYE_H

#include <inbye/base.h>
#include <inbye/batch.h>
#include <inbye/command.h>
#include <inbye/group.h>
#include <inbye/host.h>
#include <inbye/limits.h>
#include <inbye/loop.h>
#include <inbye/process.h>
#include <inbye/profile.h>
#include <inbye/registry.h>
#include <inbye/result.h>
#include <inbye/run.h>
#include <inbye/sandbox.h>

#endif
