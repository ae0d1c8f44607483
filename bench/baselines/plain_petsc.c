/* What a competent user of PETSc writes for the linear Fokker-Planck equation on a box.

       d_t rho = div(grad rho + rho grad V) on [-2,2]^d, no flux,    V = 2 (x^2 - 1)^2 + 2 y^2 (+ 2 z^2),

   from the Gaussian at (-1, 0, 0) of variance 0.05: cell-centred finite volumes on a DMDA, the
   Scharfetter-Gummel flux, implicit Euler. In w = rho exp(V/2) every step is symmetric,

       (1 + c sum_L B(s_KL)) w_K - c sum_L S(s_KL) w_L = w_K(old),    c = dt/h^2,  s_KL = V_L - V_K,
       B(s) = s/(e^s - 1),    S(s) = sqrt(B(s) B(-s)) = (s/2)/sinh(s/2),

   solved by CG to a relative residual of 1e-8 from the previous step, with PETSc's geometric multigrid:
   levels assembled anew, piecewise constant transfers, one symmetric SOR sweep, Cholesky at the bottom.

   plain_petsc -dim 2 -cells 256 -steps 100 -time 1 -levels 4 -output FILE     PETSc options apply. */
#include <petscdmda.h>
#include <petscksp.h>

typedef struct {
  PetscInt dim;
  PetscReal dt;
} Problem;

static PetscReal external(const PetscReal x[3], PetscInt dim)
{
  const PetscReal well = x[0] * x[0] - 1;
  PetscReal v = 2 * well * well;
  for (PetscInt a = 1; a < dim && a < 3; a++) v += 2 * x[a] * x[a];
  return v;
}

static PetscReal bernoulli(PetscReal s)
{
  return PetscAbsReal(s) < 1e-5 ? 1 - s / 2 + s * s / 12 : s / expm1(s);
}

static PetscReal coupling(PetscReal s)
{
  return PetscAbsReal(s) < 1e-5 ? 1 - s * s / 24 : 0.5 * s / PetscSinhReal(0.5 * s);
}

static void centre(const DMDALocalInfo *grid, const PetscInt at[3], PetscReal x[3])
{
  const PetscInt n[3] = {grid->mx, grid->my, grid->mz};
  for (PetscInt a = 0; a < 3; a++) x[a] = -2 + 4.0 * (at[a] + 0.5) / n[a];
}

static PetscErrorCode assemble(KSP ksp, Mat unused, Mat A, void *context)
{
  const Problem *problem = (const Problem *)context;
  DM dm;
  DMDALocalInfo g;
  PetscFunctionBeginUser;
  (void)unused;
  PetscCall(KSPGetDM(ksp, &dm));
  PetscCall(DMDAGetLocalInfo(dm, &g));
  const PetscReal h = 4.0 / g.mx, c = problem->dt / (h * h);
  PetscReal volume = 1; /* scales the levels alike, as restriction adds up */
  for (PetscInt a = 0; a < problem->dim; a++) volume *= h;
  const PetscInt n[3] = {g.mx, g.my, g.mz};
  PetscInt at[3];
  for (at[2] = g.zs; at[2] < g.zs + g.zm; at[2]++)
    for (at[1] = g.ys; at[1] < g.ys + g.ym; at[1]++)
      for (at[0] = g.xs; at[0] < g.xs + g.xm; at[0]++) {
        MatStencil here = {.i = at[0], .j = at[1], .k = at[2], .c = 0}, columns[7];
        PetscScalar values[7], diagonal = 1;
        PetscInt count = 0;
        PetscReal x[3] = {0}, y[3] = {0};
        centre(&g, at, x);
        const PetscReal v = external(x, problem->dim);
        for (PetscInt face = 0; face < 2 * problem->dim; face++) {
          PetscInt next[3] = {at[0], at[1], at[2]};
          const PetscInt axis = face / 2;
          next[axis] += face % 2 ? 1 : -1;
          if (next[axis] < 0 || next[axis] >= n[axis]) continue;
          centre(&g, next, y);
          const PetscReal s = external(y, problem->dim) - v;
          diagonal += c * bernoulli(s);
          columns[count] = (MatStencil){.i = next[0], .j = next[1], .k = next[2], .c = 0};
          values[count++] = -c * volume * coupling(s);
        }
        columns[count] = here;
        values[count++] = volume * diagonal;
        PetscCall(MatSetValuesStencil(A, 1, &here, count, columns, values, INSERT_VALUES));
      }
  PetscCall(MatAssemblyBegin(A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatAssemblyEnd(A, MAT_FINAL_ASSEMBLY));
  PetscCall(MatSetOption(A, MAT_SPD, PETSC_TRUE));
  PetscFunctionReturn(0);
}

/* w = rho exp(V/2) of the Gaussian's cell averages, scaled to mass 1; root = exp(-V/2). */
static PetscErrorCode start(DM dm, PetscInt dim, Vec w, Vec root)
{
  DMDALocalInfo g;
  PetscScalar *pw, *pr, sum;
  PetscInt at[3], q = 0;
  PetscFunctionBeginUser;
  PetscCall(DMDAGetLocalInfo(dm, &g));
  const PetscReal h = 4.0 / g.mx, wide = PetscSqrtReal(2 * 0.05), mean[3] = {-1, 0, 0};
  PetscCall(VecGetArray(w, &pw));
  PetscCall(VecGetArray(root, &pr));
  for (at[2] = g.zs; at[2] < g.zs + g.zm; at[2]++)
    for (at[1] = g.ys; at[1] < g.ys + g.ym; at[1]++)
      for (at[0] = g.xs; at[0] < g.xs + g.xm; at[0]++, q++) {
        PetscReal x[3], rho = 1;
        centre(&g, at, x);
        for (PetscInt a = 0; a < dim; a++) {
          const PetscReal z = x[a] - mean[a];
          rho *= (erf((z + h / 2) / wide) - erf((z - h / 2) / wide)) / (2 * h);
        }
        pr[q] = PetscExpReal(-0.5 * external(x, dim));
        pw[q] = rho;
      }
  PetscCall(VecRestoreArray(w, &pw));
  PetscCall(VecRestoreArray(root, &pr));
  PetscCall(VecSum(w, &sum));
  PetscCall(VecScale(w, 1 / (sum * PetscPowRealInt(h, (int)dim))));
  PetscCall(VecPointwiseDivide(w, w, root));
  PetscFunctionReturn(0);
}

static PetscErrorCode write_density(DM dm, Vec rho, const char *file)
{
  Vec natural;
  PetscViewer viewer;
  PetscFunctionBeginUser;
  PetscCall(DMDACreateNaturalVector(dm, &natural));
  PetscCall(DMDAGlobalToNaturalBegin(dm, rho, INSERT_VALUES, natural));
  PetscCall(DMDAGlobalToNaturalEnd(dm, rho, INSERT_VALUES, natural));
  PetscCall(PetscViewerBinaryOpen(PETSC_COMM_WORLD, file, FILE_MODE_WRITE, &viewer));
  PetscCall(PetscViewerBinarySetSkipInfo(viewer, PETSC_TRUE));
  PetscCall(VecView(natural, viewer));
  PetscCall(PetscViewerDestroy(&viewer));
  PetscCall(VecDestroy(&natural));
  PetscFunctionReturn(0);
}

/* The solver of the comparison, as defaults that the command line may change. */
static PetscErrorCode set_default(const char *name, const char *value)
{
  PetscBool given;
  PetscFunctionBeginUser;
  PetscCall(PetscOptionsHasName(NULL, NULL, name, &given));
  if (!given) PetscCall(PetscOptionsSetValue(NULL, name, value));
  PetscFunctionReturn(0);
}

int main(int argc, char **argv)
{
  Problem problem = {.dim = 2, .dt = 0};
  PetscInt cells = 128, steps = 100, levels = 4, total = 0, iterations;
  PetscReal end = 1;
  char file[4096] = "", text[16];
  PetscBool output;
  DM dm;
  KSP ksp;
  Vec w, b, root;
  PetscLogDouble before, after;
  PetscCall(PetscInitialize(&argc, &argv, NULL, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-dim", &problem.dim, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-cells", &cells, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-steps", &steps, NULL));
  PetscCall(PetscOptionsGetReal(NULL, NULL, "-time", &end, NULL));
  PetscCall(PetscOptionsGetInt(NULL, NULL, "-levels", &levels, NULL));
  PetscCall(PetscOptionsGetString(NULL, NULL, "-output", file, sizeof file, &output));
  problem.dt = end / steps;
  PetscCall(PetscSNPrintf(text, sizeof text, "%d", (int)levels));
  PetscCall(set_default("-pc_type", "mg"));
  PetscCall(set_default("-pc_mg_levels", text));
  PetscCall(set_default("-mg_levels_ksp_type", "richardson"));
  PetscCall(set_default("-mg_levels_ksp_max_it", "1"));
  PetscCall(set_default("-mg_levels_pc_type", "sor"));
  PetscCall(set_default("-mg_coarse_pc_type", "redundant"));
  PetscCall(set_default("-mg_coarse_redundant_pc_type", "cholesky"));

  const DMBoundaryType wall = DM_BOUNDARY_NONE;
  const PetscInt any = PETSC_DECIDE;
  if (problem.dim == 3) {
    PetscCall(DMDACreate3d(PETSC_COMM_WORLD, wall, wall, wall, DMDA_STENCIL_STAR, cells, cells, cells, any,
                           any, any, 1, 1, NULL, NULL, NULL, &dm));
  } else {
    PetscCall(DMDACreate2d(PETSC_COMM_WORLD, wall, wall, DMDA_STENCIL_STAR, cells, cells, any, any, 1, 1,
                           NULL, NULL, &dm));
  }
  PetscCall(DMDASetInterpolationType(dm, DMDA_Q0));
  PetscCall(DMSetFromOptions(dm));
  PetscCall(DMSetUp(dm));
  PetscCall(KSPCreate(PETSC_COMM_WORLD, &ksp));
  PetscCall(KSPSetDM(ksp, dm));
  PetscCall(KSPSetComputeOperators(ksp, assemble, &problem));
  PetscCall(KSPSetType(ksp, KSPCG));
  PetscCall(KSPSetNormType(ksp, KSP_NORM_UNPRECONDITIONED));
  PetscCall(KSPSetTolerances(ksp, 1e-8, PETSC_DEFAULT, PETSC_DEFAULT, 500));
  PetscCall(KSPSetInitialGuessNonzero(ksp, PETSC_TRUE));
  PetscCall(KSPSetFromOptions(ksp));
  PetscCall(DMCreateGlobalVector(dm, &w));
  PetscCall(VecDuplicate(w, &b));
  PetscCall(VecDuplicate(w, &root));
  PetscCall(start(dm, problem.dim, w, root));
  PetscCall(KSPSetUp(ksp));
  PetscCall(PetscTime(&before));
  const PetscReal volume = PetscPowRealInt(4.0 / cells, (int)problem.dim);
  for (PetscInt step = 0; step < steps; step++) {
    KSPConvergedReason reason;
    PetscCall(VecCopy(w, b));
    PetscCall(VecScale(b, volume));
    PetscCall(KSPSolve(ksp, b, w));
    PetscCall(KSPGetConvergedReason(ksp, &reason));
    if (reason < 0) SETERRQ(PETSC_COMM_WORLD, PETSC_ERR_NOT_CONVERGED, "step %d did not converge", (int)step);
    PetscCall(KSPGetIterationNumber(ksp, &iterations));
    total += iterations;
  }
  PetscCall(PetscTime(&after));
  PetscCall(VecPointwiseMult(w, w, root));
  if (output) PetscCall(write_density(dm, w, file));
  PetscCall(PetscPrintf(PETSC_COMM_WORLD, "stepping %.4f s, %.2f iterations per step\n", after - before,
                        (double)total / (double)steps));
  PetscCall(VecDestroy(&w));
  PetscCall(VecDestroy(&b));
  PetscCall(VecDestroy(&root));
  PetscCall(KSPDestroy(&ksp));
  PetscCall(DMDestroy(&dm));
  PetscCall(PetscFinalize());
  return 0;
}
