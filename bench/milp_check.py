"""Fix given on/off states in the MILP and let HiGHS do the rest: checks feasibility and how good the dispatch is.
usage: milp_check.py KIND NJOBS NB SEED DUMPFILE"""
import sys, numpy as np, highspy
from problem import make
from milp_highspy import build_milp
from lp_highspy import load
kind, n, NB, seed, f = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
p = make(kind, n, seed); parts, integ = build_milp(p, NB); A, c, lo, up, rl, rh = parts
T = p["T"]; nb = 3 * NB; N0 = A.shape[1] - 3 * nb * T
on = np.fromfile(f, np.uint8).astype(float)
lo = lo.copy(); up = up.copy(); lo[N0 + nb * T:N0 + 2 * nb * T] = on; up[N0 + nb * T:N0 + 2 * nb * T] = on
h = highspy.Highs(); h.setOptionValue("output_flag", False); load(h, A, c, lo, up, rl, rh); h.run()
print("fixed on/off:", h.modelStatusToString(h.getModelStatus()), round(h.getInfo().objective_function_value, 2))
